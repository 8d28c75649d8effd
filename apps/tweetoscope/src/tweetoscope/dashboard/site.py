"""The dashboard over HTTP: one page, the stream that keeps it up to date, files, and health.

All addresses are relative, so that it may stand behind any path or host name. Nothing is loaded
from elsewhere, and nothing can be changed through it.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jinja2
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tweetoscope.dashboard import words
from tweetoscope.dashboard.reading import Reading
from tweetoscope.dashboard.view import View, view
from tweetoscope.dashboard.wish import Wish
from tweetoscope.metrics import Metrics

HERE = Path(__file__).parent
PERIOD_S = 1.0
HEARTBEAT_S = 15.0
ENDING_S = 2
PARTS = ("standing", "largest", "chosen", "alerts", "trust", "ended", "flow")
"""Parts of the page that change; each has a template of its name."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Site:
    """Answers browsers with what a reading has."""

    def __init__(self, reading: Reading, metrics: Metrics, windows_s: Sequence[float]) -> None:
        self._reading, self._metrics = reading, metrics
        self._windows_s = tuple(windows_s)
        self._templates = _environment()
        self.is_ending: Callable[[], bool] = lambda: False
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/events", self._events),
                Route("/healthz", self._health),
                Route("/metrics", self._told),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ],
            middleware=[Middleware(_Headers)],
        )

    def parts(self, wish: Wish) -> dict[str, str]:
        """What each part of the page is to show now, and under `charts` what is drawn."""
        seen = self._view(wish)
        parts = {name: self._render(f"{name}.html", seen) for name in PARTS}
        return parts | {"charts": json.dumps(seen.charts, separators=(",", ":"))}

    def _page(self, request: Request) -> Response:
        seen = self._view(Wish.of(request.query_params))
        page = self._render("page.html", seen)
        return HTMLResponse(page, headers={"cache-control": "no-store"})

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._stream(Wish.of(request.query_params)),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _stream(self, wish: Wish) -> AsyncIterator[bytes]:
        """What has changed of the page, once in a while; a slow browser is waited for."""
        sent: dict[str, str] = {}
        quiet_since_s = time.monotonic()
        yield b"retry: 1000\n\n"
        while not self.is_ending():
            parts = await asyncio.to_thread(self.parts, wish)
            changed = {name: text for name, text in parts.items() if sent.get(name) != text}
            sent = parts
            for name, text in changed.items():
                data = "".join(f"data: {line}\n" for line in text.splitlines())
                yield f"event: {name}\n{data}\n".encode()
            now_s = time.monotonic()
            if changed:
                quiet_since_s = now_s
            elif now_s - quiet_since_s > HEARTBEAT_S:
                quiet_since_s = now_s
                yield b": still here\n\n"
            await asyncio.sleep(PERIOD_S)

    async def _health(self, _: Request) -> Response:
        return PlainTextResponse("here\n")

    def _told(self, _: Request) -> Response:
        text = generate_latest(self._metrics.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    def _view(self, wish: Wish) -> View:
        now_ms = int(time.time() * 1000)
        return self._reading.look(
            lambda board, link: view(board, link, wish, self._windows_s, now_ms)
        )

    def _render(self, template: str, seen: View) -> str:
        return self._templates.get_template(template).render(seen=seen, wish=seen.wish)


def serve(site: Site, reading: Reading, *, host: str, port: int, stop: threading.Event) -> None:
    """Read and answer until asked to end; when reading ends, answering does too."""
    config = uvicorn.Config(
        site.app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=ENDING_S,
    )
    server = uvicorn.Server(config)
    site.is_ending = lambda: server.should_exit

    def read() -> None:
        try:
            reading.run(stop)
        finally:
            server.should_exit = True

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        server.run()
        stop.set()
        reader.result()


class _Headers:
    """Says with every answer what a page may load."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.encode(), text.encode()) for name, text in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words.FILTERS)
    return environment
