"""Processes and ports: uvicorn, workers, gRPC's port, the port for operators."""

__all__ = ["command", "grpc_port", "uvicorn_server", "workers"]
