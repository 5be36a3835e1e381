"""What makes the image and runs inside it; nothing of it is imported by the service."""
