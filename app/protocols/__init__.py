"""A decode and an encode around one submit: predict, `tfserving/`, `open_inference/`, `open_inference_grpc/`."""

__all__ = ["endpoint", "incremental", "open_inference", "open_inference_grpc", "predict", "preview", "tfserving"]
