"""The files below `/static/`: read once, served compressed, and kept by browsers for a year.

Their address has a digest of all of them, so that a new release is asked for at once and an
unchanged one never again. Files refer to each other by relative addresses.
"""

import functools
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"

HTMX = "vendor/htmx-2.0.11/htmx.min.js"
HTMX_SSE = "vendor/htmx-ext-sse-2.2.4/sse.min.js"
IDIOMORPH = "vendor/idiomorph-0.8.0/idiomorph-ext.min.js"
DAGRE = "vendor/dagre-3.1.3/dagre.esm.js"
UPLOT = "vendor/uplot-1.6.32/uPlot.iife.min.js"
UPLOT_STYLE = "vendor/uplot-1.6.32/uPlot.min.css"

FOREVER = "public, max-age=31536000, immutable"

_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".md": "text/markdown"}
_COMPRESSED = ("text/", "image/svg+xml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file. `packed` is None where compressing it gains nothing."""

    content: bytes
    packed: bytes | None
    media_type: str


class Assets:
    """All files below a folder, by their path in it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        paths = sorted(each for each in folder.rglob("*") if each.is_file())
        self._files = {each.relative_to(folder).as_posix(): _read(each) for each in paths}
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(f"{name} {len(asset.content)}\n".encode() + asset.content)
        self.digest = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file. Raises: `KeyError` for one that there is not."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.digest}/{name}"

    async def respond(self, request: Request) -> Response:
        """The response for `/static/DIGEST/PATH`; with another digest it is not kept."""
        asset = self._files.get(request.path_params["path"])
        if asset is None:
            raise HTTPException(404)
        is_current = request.path_params["digest"] == self.digest
        headers = {
            "Cache-Control": FOREVER if is_current else "no-cache",
            "Vary": "Accept-Encoding",
        }
        content = asset.content
        if asset.packed is not None and _takes_gzip(request.headers):
            content = asset.packed
            headers["Content-Encoding"] = "gzip"
        return Response(content, media_type=asset.media_type, headers=headers)


@functools.cache
def shipped() -> Assets:
    """The files of this release, read once in a process."""
    return Assets()


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    guessed = mimetypes.guess_type(path.name)[0] or "text/plain"
    media_type = _TYPES.get(path.suffix, guessed)
    packed = None
    if media_type.startswith(_COMPRESSED):
        packed = gzip.compress(content, 9, mtime=0)
    is_smaller = packed is not None and len(packed) < len(content)
    return Asset(content=content, packed=packed if is_smaller else None, media_type=media_type)


def _takes_gzip(headers: Headers) -> bool:
    offered = headers.get("accept-encoding", "").split(",")
    return any(each.partition(";")[0].strip() == "gzip" for each in offered)
