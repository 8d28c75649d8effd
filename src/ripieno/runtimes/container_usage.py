"""What containers use, by the accounts that the kernel keeps of their control groups.

Used by the process runtime: the client of the engine, which is what a replica's process is, uses
next to nothing. The engine is asked once a container, and the files of its group are read each
time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ripieno.runtimes import containers, docker
from ripieno.runtimes.base import Replica
from ripieno.runtimes.host import Host, Usage

_SCRIPT = """\
while [ $# -gt 0 ]; do
    pid=$1 id=$2 v1= v2= cpu= memory= cache= processes=
    shift 2
    [ -r "/proc/$pid/cgroup" ] || continue
    while IFS=: read -r _ kinds path; do
        case $path in *"$id"*) ;; *) continue ;; esac
        case ,$kinds, in
            ,,) v2=/sys/fs/cgroup$path ;;
            *,memory,*) v1=/sys/fs/cgroup/memory$path ;;
        esac
        case ,$kinds, in *,cpuacct,*) cpu=$(cat "/sys/fs/cgroup/cpuacct$path/cpuacct.usage") ;; esac
        case ,$kinds, in *,pids,*) processes=$(cat "/sys/fs/cgroup/pids$path/pids.current") ;; esac
    done <"/proc/$pid/cgroup"
    if [ -n "$v1" ]; then
        memory=$(cat "$v1/memory.usage_in_bytes")
        cache=$(grep '^total_inactive_file ' "$v1/memory.stat")
    else
        cpu=$(grep '^usage_usec ' "$v2/cpu.stat")000
        memory=$(cat "$v2/memory.current")
        cache=$(grep '^inactive_file ' "$v2/memory.stat")
        processes=$(cat "$v2/pids.current")
    fi
    echo "$id ${cpu#usage_usec } $memory ${cache##* } $processes"
done 2>/dev/null
"""
"""Of each pid and container a line: the container, nanoseconds of processors, bytes, how many of
these are of files that were read long ago, and how many processes."""


class ContainerUsage:
    """The containers of one runtime, as far as they are known."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, _Known]] = {}

    async def of(self, host: Host, replicas: Iterable[Replica]) -> dict[str, Usage]:
        """What these replicas use, which are all of a host, by their names.

        Those that nothing is known of are out. Raises: `RuntimeDriverError`.
        """
        names = {containers.name_of(host, each): each.name for each in replicas}
        before = self._known.get(host.name, {})
        known = {name: each for name, each in before.items() if name in names}
        if fresh := [name for name in names if name not in known]:
            known.update(await _look(host, fresh))
        self._known[host.name] = known
        words = [word for each in known.values() for word in (each.pid, each.id)]
        if not words:
            return {}
        done = await host.run(("/bin/sh", "-c", _SCRIPT, "usage", *words))
        found = _read(done.stdout.decode(errors="replace"))
        return {names[name]: found[each.id] for name, each in known.items() if each.id in found}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A container that runs: its first process, and its identity, which its groups are named by."""

    pid: str
    id: str


async def _look(host: Host, names: Sequence[str]) -> dict[str, _Known]:
    """Those of the containers that run."""
    done = await docker.ask(host, "inspect", "--format", "{{.Name}} {{.State.Pid}} {{.Id}}", *names)
    found = {}
    for line in done.stdout.decode(errors="replace").splitlines():
        words = line.removeprefix("/").split()
        if len(words) == 3 and words[1] != "0":  # Others have ended, or are about to begin.
            name, pid, id = words
            found[name] = _Known(pid=pid, id=id)
    return found


def _read(text: str) -> dict[str, Usage]:
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 5 and all(each.isdigit() for each in words[1:]):
            id, nanoseconds, taken, cache, processes = words
            found[id] = Usage(
                cpu_s=int(nanoseconds) / 1e9,
                memory_bytes=max(0, int(taken) - int(cache)),
                processes=int(processes),
            )
    return found
