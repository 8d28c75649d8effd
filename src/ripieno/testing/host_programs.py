"""The programs that the contract of hosts starts: one shell script, and the same for the fake.

Used by `host_contract`; a verb does the same in both.
"""

import asyncio
import sys

from ripieno.runtimes.fake_host import FakeRun, Program

SCRIPT = """\
verb=$1; shift
case $verb in
exit) exit "$1" ;;
say) printf %s "$1"; printf %s "$2" >&2 ;;
show) variable=$1; shift; pwd; eval "printf '<%s>' \\"\\${$variable-unset}\\""
      for each; do printf '<%s>' "$each"; done ;;
sleep) exec sleep 100000 ;;
stubborn) trap '' TERM; echo ready; while :; do sleep 1000; done ;;
family) sleep 100000 & echo $!; wait ;;
orphan) sleep 100000 & echo $! ;;
flood) seq -f 'line %012.0f' 1 "$1"; exec sleep 100000 ;;
burn) n=0; while [ "$n" -lt 200000 ]; do n=$((n + 1)); done; echo ready; exec sleep 100000 ;;
copy) cat ;;
listen) exec "$1" -c 'import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True: server.accept()[0].sendall(b"hello\\n")' "$2" ;;
esac
"""


def shell(verb: str, *arguments: str) -> tuple[str, ...]:
    """The command that does a verb on a real machine."""
    if verb == "listen":
        arguments = (sys.executable, *arguments)
    return ("/bin/sh", "-c", SCRIPT, "program", verb, *arguments)


def fake(verb: str, *arguments: str) -> tuple[str, ...]:
    """The command that does a verb on a fake machine with `FAKE_PROGRAMS`."""
    return (verb, *arguments)


async def _exit(run: FakeRun) -> int:
    return int(run.argv[1])


async def _say(run: FakeRun) -> int:
    run.write("stdout", run.argv[1].encode())
    run.write("stderr", run.argv[2].encode())
    return 0


async def _show(run: FakeRun) -> int:
    _, variable, *rest = run.argv
    shown = "".join(f"<{each}>" for each in (run.env.get(variable, "unset"), *rest))
    run.write("stdout", f"{run.cwd}\n{shown}".encode())
    return 0


async def _sleep(run: FakeRun) -> int:
    await asyncio.Event().wait()
    return 0


async def _stubborn(run: FakeRun) -> int:
    run.ignore("TERM")
    run.write("stdout", b"ready\n")
    return await _sleep(run)


async def _family(run: FakeRun) -> int:
    run.write("stdout", f"{run.fork(_sleep)}\n".encode())
    return await _sleep(run)


async def _orphan(run: FakeRun) -> int:
    run.write("stdout", f"{run.fork(_sleep)}\n".encode())
    return 0


async def _flood(run: FakeRun) -> int:
    for number in range(1, int(run.argv[1]) + 1):
        run.write("stdout", f"line {number:012}\n".encode())
    return await _sleep(run)


async def _burn(run: FakeRun) -> int:
    run.burn(0.2)
    run.write("stdout", b"ready\n")
    return await _sleep(run)


async def _copy(run: FakeRun) -> int:
    run.write("stdout", run.stdin)
    return 0


async def _listen(run: FakeRun) -> int:
    with run.listening(int(run.argv[1]), b"hello\n"):
        run.write("stdout", b"ready\n")
        return await _sleep(run)


FAKE_PROGRAMS: dict[str, Program] = {
    "exit": _exit,
    "say": _say,
    "show": _show,
    "sleep": _sleep,
    "stubborn": _stubborn,
    "family": _family,
    "orphan": _orphan,
    "flood": _flood,
    "burn": _burn,
    "copy": _copy,
    "listen": _listen,
}
