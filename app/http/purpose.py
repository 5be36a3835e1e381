"""What a request to `/predict` is for, as its query says: `purpose=preview` is a person who tries a model.

A preview is answered like any other request, and is no traffic: `app.protocols.preview` says what that means.
"""

from urllib.parse import parse_qsl

PREVIEW = "preview"


def is_preview(query: bytes) -> bool:
    """Whether a raw query says so; one that has no such word is not taken apart."""
    if b"purpose" not in query and b"%" not in query:
        return False
    return dict(parse_qsl(query.decode("latin-1"))).get("purpose") == PREVIEW
