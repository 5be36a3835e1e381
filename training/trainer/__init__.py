"""The fit: batches, optimizer, checkpoints, several devices and machines."""

__all__ = ["checkpoints", "distributed", "fit", "mixed_precision", "optimizer", "run_context", "training_rows"]
