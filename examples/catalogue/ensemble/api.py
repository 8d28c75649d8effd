"""Plays into the store, beat by beat, and tells over HTTP what was played.

`python api.py PART PORT STORE_HOST STORE_PORT`. What is played is La Folia, the theme over which
Corelli and Geminiani wrote concerti grossi: in those a few soloists and the whole ensemble, the
ripieno, take turns. Which notes begin with a beat depends on nothing but its number, and all that
is known is in the store. So one goes on where another left off, and two may play at once: of each
beat the store takes the first writing only.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedRWPair
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

KEPT_BEATS = 400
SHOWN_BEATS = 120
STARTED = time.time()

BEAT_S = 0.28
BEATS_A_BAR = 6

CHORDS = ("Dm", "A", "Dm", "C", "F", "C", "Dm", "A", "Dm", "A", "Dm", "C", "F", "C", "A", "Dm")

ROOTS = {"Dm": 62, "A": 57, "C": 60, "F": 65}
"""MIDI numbers; 60 is the middle C."""

FIGURES = ((0, 2, 1, 2, 3, 2), (3, 2, 1, 0, 1, 2), (0, 1, 2, 3, 2, 1), (3, 1, 2, 0, 2, 1))
"""In which order the soloist plays the notes of a chord, bar by bar."""

Reply = str | int | list["Reply"] | None


class Note(NamedTuple):
    """A note that begins with a beat: a MIDI number, its length in beats, and who plays it."""

    pitch: int
    beats: int
    voice: str


def notes(beat: int, *, tutti: bool) -> list[Note]:
    """The notes that begin with a beat: the soloist's, or those of the whole ensemble."""
    bar, step = divmod(beat, BEATS_A_BAR)
    name = CHORDS[bar % len(CHORDS)]
    root = ROOTS[name]
    third = root + (3 if name.endswith("m") else 4)
    chord = (root, third, root + 7, root + 12)
    figure = FIGURES[bar // 4 % len(FIGURES)]
    found = [Note(chord[figure[step]] + 12, 1, "solo")]
    if tutti:
        if step == 0:
            found.append(Note(root - 12, 4, "bass"))
            found.append(Note(third, 2, "violin"))
        if step == 2:
            found += [Note(root + 7, 3, "violin"), Note(third, 3, "viola")]
        if step == 4:
            found.append(Note(root - 5, 2, "bass"))
    return found


class Redis:
    """A connection to the store; it is made again when it has broken."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._lock = threading.Lock()
        self._file: BufferedRWPair | None = None

    def __call__(self, *words: object) -> Reply:
        """Send a command and wait for the reply. Raises: `OSError`."""
        texts = [str(word).encode() for word in words]
        sent = b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%b\r\n" % (len(t), t) for t in texts)
        with self._lock:
            try:
                if self._file is None:
                    connection = socket.create_connection(self._address, timeout=2)
                    self._file = connection.makefile("rwb")
                self._file.write(sent)
                self._file.flush()
                return self._reply(self._file)
            except OSError:
                self._file = None
                raise

    def _reply(self, file: BufferedRWPair) -> Reply:
        line = file.readline()
        kind, rest = line[:1], line[1:].strip()
        match kind:
            case b"+":
                return rest.decode()
            case b":":
                return int(rest)
            case b"$" if rest == b"-1":
                return None
            case b"$":
                return file.read(int(rest) + 2)[:-2].decode()
            case b"*":
                return [self._reply(file) for _ in range(int(rest))]
            case _:
                raise OSError(rest.decode() or "the store has closed the connection")


def play(store: Redis, part: str, since: float) -> None:
    """Write every beat into the store when its time has come, or as soon as the store is back."""
    beat = int((time.time() - since) / BEAT_S) + 1
    while True:
        time.sleep(max(0.0, since + beat * BEAT_S - time.time()))
        found = notes(beat, tutti=part == "tutti")
        written = json.dumps({"by": part, "pid": os.getpid(), "notes": found})
        try:
            if store("HSETNX", "score", beat, written):
                store("INCRBY", "notes", len(found))
                store("HDEL", "score", beat - KEPT_BEATS)
            beat += 1
        except OSError as problem:
            print(f"beat {beat} has to wait: {problem}", flush=True)
            time.sleep(0.2)


def state(store: Redis, part: str, since: float, after: int) -> dict[str, object]:
    """What was played after a beat, and who is there."""
    now = (time.time() - since) / BEAT_S
    beats = range(max(after + 1, int(now) - SHOWN_BEATS), int(now) + 2)
    found = store("HMGET", "score", *beats)
    info = dict(line.split(":", 1) for line in str(store("INFO")).splitlines() if ":" in line)
    assert isinstance(found, list)
    return {
        "now": now,
        "beat_s": BEAT_S,
        "beats": {
            beat: json.loads(str(each)) for beat, each in zip(beats, found, strict=True) if each
        },
        "notes": int(str(store("GET", "notes") or 0)),
        "api": {"part": part, "pid": os.getpid(), "up_s": time.time() - STARTED},
        "store": {"pid": int(info["process_id"]), "up_s": int(info["uptime_in_seconds"])},
    }


def main(part: str, port: int, store_host: str, store_port: int) -> None:
    """Play and answer until SIGTERM."""
    store = Redis(store_host, store_port)
    store("SETNX", "since", time.time())
    since = float(str(store("GET", "since")))
    threading.Thread(target=play, args=(store, part, since), daemon=True).start()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            after = int(parse_qs(asked.query).get("after", ["0"])[0])
            try:
                if asked.path == "/healthz":
                    store("PING")
                    answer: object = "ok"
                else:
                    answer = state(store, part, since, after)
                status = 200
            except OSError as problem:
                status, answer = 503, {"problem": f"the store does not answer: {problem}"}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            with contextlib.suppress(ConnectionError):  # Whoever asked may have left.
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"{part} {os.getpid()} plays, and answers on port {port}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
