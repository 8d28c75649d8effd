"""Icons and screenshots: what is in them decides what they are, whatever they are called.

A picture comes from whoever publishes an application and is shown to everybody. SVG can hold
scripts, so it is shown only as an image or under a policy that runs none (`HEADERS`).
"""

from dataclasses import dataclass
from typing import Final

from ripieno.model.bundle import BundleError
from ripieno.model.node import quoted

MOST_ICON_BYTES = 256 * 1024
MOST_SCREENSHOT_BYTES = 2 * 1024 * 1024

PNG, JPEG, WEBP, SVG = "image/png", "image/jpeg", "image/webp", "image/svg+xml"

HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What a picture is always sent with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture as it is sent."""

    content: bytes
    media_type: str
    digest: str


def media_type(path: str, content: bytes, *, most_bytes: int) -> str:
    """What a picture is. Raises: `BundleError` for what is none, or too large."""
    if len(content) > most_bytes:
        raise BundleError(
            f"the picture {quoted(path)} has {len(content)} bytes; make it smaller than "
            f"{most_bytes // 1024} KiB"
        )
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WEBP
    if _is_svg(content):
        return SVG
    raise BundleError(
        f"{quoted(path)} is no picture that a browser shows; give PNG, JPEG, WebP or SVG"
    )


def _is_svg(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    while True:
        text = text.lstrip()
        for begin, end in (("<?xml", "?>"), ("<!--", "-->")):
            if text.startswith(begin):
                text = text.partition(end)[2]
                break
        else:
            return text.startswith(("<svg>", "<svg ", "<svg\n", "<svg\r", "<svg\t"))
