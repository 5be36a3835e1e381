"""What the client scripts send to the models of `models.py`, the same through every client."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# For each datatype, values with which a wrong width, sign or byte order shows; all of a type's own extremes among them.
SAMPLES: dict[str, Array] = {
    "BOOL": np.array([[True, False, False], [False, True, True]]),
    "UINT8": np.array([[0, 1, 2], [3, 77, 2**8 - 1]], np.uint8),
    "UINT16": np.array([[0, 1, 2], [3, 77, 2**16 - 1]], np.uint16),
    "UINT32": np.array([[0, 1, 2], [3, 77, 2**32 - 1]], np.uint32),
    "UINT64": np.array([[0, 1, 2], [3, 77, 2**64 - 1]], np.uint64),
    "INT8": np.array([[0, 1, -1], [77, -(2**7), 2**7 - 1]], np.int8),
    "INT16": np.array([[0, 1, -1], [77, -(2**15), 2**15 - 1]], np.int16),
    "INT32": np.array([[0, 1, -1], [77, -(2**31), 2**31 - 1]], np.int32),
    "INT64": np.array([[0, 1, -1], [77, -(2**63), 2**63 - 1]], np.int64),
    "FP16": np.array([[0.1, -2.5, 65504], [0, 6e-8, 1]], np.float16),
    "FP32": np.array([[0.1, -2.5, 3.4028235e38], [0, 1e-45, 1 / 3]], np.float32),
    "FP64": np.array([[0.1, -2.5, 1.7976931348623157e308], [0, 5e-324, 1 / 3]], np.float64),
    "BYTES": np.array([["", "plain", "Grüße, 世界 🚢"], ['"quoted"', "a\nb\\", "\x00"]], object),
}

# For the model add_sub, and the names of its outputs.
LEFT = np.arange(32, dtype=np.int32).reshape(2, 16)
RIGHT = np.full((2, 16), 3, np.int32)
SUM, DIFFERENCE = "OUTPUT0", "OUTPUT1"

# For the models scalar, slow and identity_FP32.
ROW = np.array([[1, 2, 3, 4]], np.float32)

# For the model fixed.
FIXED = np.arange(6, dtype=np.float32).reshape(2, 3)
