"""A picture: what is drawn once and written twice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """The files of one plot."""

    png: bytes
    svg: bytes  # without a ground: what is said in it has the colour of the page's text
