"""The page: `page.html`, and what the API says, to a browser.

`python page.py PORT API_HOST API_PORT`. It stands behind a door that visitors come through, so
another page may take its place while it is being looked at.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STARTED = time.time()
HTML = Path("page.html").read_bytes()


class Server(ThreadingHTTPServer):
    """A server that lets many wait, and ends only when all have been answered."""

    request_queue_size = 128
    daemon_threads = False


def handler(api: str) -> type[BaseHTTPRequestHandler]:
    """What answers requests, for the API at that address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/score"):
                self._score()
            elif self.path == "/healthz":
                self._answer(200, "text/plain", b"ok")
            elif self.path == "/":
                self._answer(200, "text/html; charset=utf-8", HTML)
            else:
                self._answer(404, "text/plain", b"there is only /")

        def _score(self) -> None:
            try:
                with urllib.request.urlopen(api + self.path, timeout=5) as answer:
                    said = json.load(answer)
            except OSError as problem:
                said = {"problem": f"the API does not answer: {problem}"}
                self._answer(503, "application/json", json.dumps(said).encode())
                return
            said["page"] = {"pid": os.getpid(), "up_s": time.time() - STARTED}
            self._answer(200, "application/json", json.dumps(said).encode())

        def _answer(self, status: int, type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            with contextlib.suppress(ConnectionError):  # Whoever asked may have left.
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def main(port: int, api: str) -> None:
    """Serve until SIGTERM, then close once those who wait have been answered."""
    server = Server(("127.0.0.1", port), handler(api))
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    threading.Thread(target=server.serve_forever, args=(0.05,)).start()
    print(f"page {os.getpid()} listens on port {port}", flush=True)
    over.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main(int(sys.argv[1]), f"http://{sys.argv[2]}:{sys.argv[3]}")
