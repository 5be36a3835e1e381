"""The Open Inference Protocol's ordinary routes: health, metadata and its extensions."""

from fastapi import APIRouter

router = APIRouter(prefix="/v2", tags=["open inference protocol"])
