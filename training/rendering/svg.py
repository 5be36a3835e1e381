"""SVG: a picture as matplotlib wrote it -> a part of a page.

It grows with the page up to the size that it was drawn in, has names of its own, and says what it is to those who
cannot see it. It knows nothing about what is drawn.
"""

import re
from xml.etree import ElementTree as ET

NAMESPACE, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
POINTS_A_REM = 12
MIN_REM = 34  # a plot is not made narrower than this, or than it is: its letters could not be read; a phone scrolls it
ET.register_namespace("", NAMESPACE)
ET.register_namespace("xlink", LINK)


def inline(svg: bytes, name: str) -> str:
    """Return the element to put into HTML; `name` is what it is called aloud, and begins the names within it."""
    root = ET.fromstring(svg)  # noqa: S314 - it was drawn here, and no entity is declared in it
    for parent in list(root.iter()):  # a page has no use for the account of the licence, nor for styles for everything
        for element in [one for one in parent if one.tag.rpartition("}")[2] in {"metadata", "style"}]:
            parent.remove(element)
    width = float(root.attrib.pop("width").removesuffix("pt")) / POINTS_A_REM
    root.attrib.pop("height")
    _own(root, re.sub(r"\W+", "-", name))
    root.set("role", "img")
    root.set("aria-label", name)
    root.set("stroke-linejoin", "round")  # which stood in a style for the whole page
    root.set("style", f"width:100%;max-width:{width:.1f}rem;min-width:{min(width, MIN_REM):.1f}rem")
    return ET.tostring(root, encoding="unicode")


def _own(root: ET.Element, prefix: str) -> None:
    """Begin every name with the prefix, and every mention of one."""
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{prefix}-{value}")
            elif key in {"href", f"{{{LINK}}}href"} and value.startswith("#"):
                element.set(key, f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{prefix}-"))
