"""`index.html` as it is sent: its files by addresses that say their version.

    page/page.js ─> <prefix>/page/<digest>/page.js

Where a proxy takes a prefix away and says which, addresses are absolute: the page is then right at /slipway as at
/slipway/. Else they are relative, and right behind any prefix that ends with a slash.
"""

from app.page.assets import Asset, Version


def shell(version: Version, prefix: str = "") -> Asset:
    """Return the page's document; `prefix` is what a proxy takes away, empty where nobody says so."""
    at = f"{prefix}/page/{version.digest}/" if prefix else f"page/{version.digest}/"
    text = version.files["index.html"].plain.decode()
    return Asset.of(text.replace('="page/', f'="{at}').encode(), ".html")
