"""Names of features: what a key of a request may be.

    refusal(name)    why no service takes a feature of this name, or None; training asks before it fits
    FeatureName      the same, for the manifest

Control characters would reach terminals and logs with the name, and a lone surrogate is in no UTF-8.
"""

import re
from typing import Annotated

import msgspec

NAME_MAX_CHARS = 1024
PATTERN = r"^[^\x00-\x1f\ud800-\udfff]+\Z"

FeatureName = Annotated[str, msgspec.Meta(max_length=NAME_MAX_CHARS, pattern=PATTERN)]


def refusal(name: str) -> str | None:
    """Return what was expected of a name that is not taken, or None."""
    if not name or len(name) > NAME_MAX_CHARS:
        return f"a name of 1 to {NAME_MAX_CHARS} characters"
    return None if re.search(PATTERN, name) else "a name without tabs, line breaks and other control characters"
