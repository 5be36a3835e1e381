"""TensorFlow Serving's ordinary routes: status and metadata."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1", tags=["tensorflow serving"])
