"""The `ripieno` command in an interpreter that has loaded everything, for tests with many commands.

A process imports all subcommands once, and forks for each command, which is then what it is in a
process of its own: its folder, environment, standard streams and exit code are those of the shell
that called it. What a shell finds as `ripieno` only hands these over. `ripieno serve` is not among
it: it is the installed command, as it is to be ended by signals.

What a command has to load by itself is tested in `tests/unit/cli/test_entry.py`.
"""

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 1 << 20

_CALLER = """\
#!{python} -IS
import os, socket, sys
if sys.argv[1:2] == ["serve"]:
    os.execv({installed!r}, [{installed!r}, *sys.argv[1:]])
import json
with socket.socket(socket.AF_UNIX) as warm:
    warm.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(warm, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    warm.sendall(asked)
    code = warm.recv(1)
sys.exit(code[0] if code else "the warm command ended without an exit code")
"""


@contextmanager
def warm_command(folder: Path) -> Iterator[Path]:
    """A folder to put first on the PATH, with a `ripieno` in it that is warm."""
    address, script = folder / "warm.socket", folder / "ripieno"
    installed = str(Path(sys.executable).with_name("ripieno"))
    script.write_text(
        _CALLER.format(python=sys.executable, installed=installed, address=str(address))
    )
    script.chmod(0o755)
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    warm = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_command", address],
        cwd=Path(__file__).parents[1],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with warm:  # which closes its input and waits for it
        assert warm.stdout and warm.stdout.readline() == "ready\n"
        yield folder


def _serve(address: str) -> None:
    """Answer each caller in a process of its own, until whoever wanted that is gone."""
    from ripieno import __main__  # Not what the tests load who only call this.

    for entry in __main__.ENTRIES:
        if entry is not __main__.SERVE:
            importlib.import_module(entry.module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those that answer.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            caller, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(caller)
            caller.close()


def _answer(caller: socket.socket) -> None:
    """Run a command as its caller stands there; the process ends with it."""
    from ripieno import __main__

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(caller, 4, 3)
    asked = bytearray()
    while len(asked) < int.from_bytes(size, "big"):
        asked += caller.recv(_LONGEST)
    words, folder, environment = json.loads(asked)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Of those that were opened for other files Python remembers whether they can be wound back.
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, buffering, encoding="utf-8", closefd=False)
        for number, (mode, buffering) in enumerate((("r", -1), ("w", -1), ("w", 1)))
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["ripieno", *words]
    code = 0
    try:
        __main__.run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    caller.sendall(bytes([code]))
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
