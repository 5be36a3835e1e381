"""The Open Inference Protocol over REST."""

__all__ = ["handler", "request", "requested_outputs", "response", "routes", "triton_config"]
