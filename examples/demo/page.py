"""The page: `page.html`, and what the API says, to a browser.

`python page.py PORT PUBLIC_PORT API_HOST API_PORT` listens on both ports. The first is its own;
the second is the address that people know, which the page that comes after this one may open
before this one has closed it (SO_REUSEPORT).
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STARTED = time.time()
HTML = Path("page.html").read_bytes()


class Shared(ThreadingHTTPServer):
    """A server on a port that others of the same user may listen on, too."""

    def server_bind(self) -> None:
        """Bind it so."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


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
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def main(port: int, public_port: int, api: str) -> None:
    """Serve until SIGTERM, then close once those who wait have been answered."""
    answers = handler(api)
    servers = [Shared(("127.0.0.1", each), answers) for each in (public_port, port)]
    threads = [threading.Thread(target=each.serve_forever, args=(0.05,)) for each in servers]
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    for thread in threads:
        thread.start()
    print(f"page {os.getpid()} is at http://127.0.0.1:{public_port}", flush=True)
    over.wait()
    for server in servers:
        server.shutdown()
        server.daemon_threads, server.timeout = False, 0
        server.handle_request()
        server.server_close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), f"http://{sys.argv[3]}:{sys.argv[4]}")
