"""What a browser says of itself, in the few words that people know it by."""

import re

# The order matters: nearly every browser claims to be all those that come after it.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def told(text: str) -> str:
    """Browser, version and system (`Firefox 140, Linux`); what it says itself, if that is odd."""
    browser = ""
    for mark, name in _BROWSERS:
        found = re.search(rf"\b{mark}/(\d+)", text)
        if found is not None:
            browser = f"{name} {found[1]}"
            break
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return ", ".join(filter(None, (browser, system))) if browser else text[:80]
