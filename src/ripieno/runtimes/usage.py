"""What process groups use, read from the lines of /proc/PID/stat, here or on another machine.

Used by the local host and by the one behind SSH. A group counts as a whole: what a child that has
ended took is with the parent that has waited for it.
"""

import os
from collections.abc import Collection, Iterable, Mapping

from ripieno.runtimes.host import Usage

_GROUP, _CPU, _RSS = 2, slice(11, 15), 21
"""Fields behind the name: the group, four times in ticks (own and children's), resident pages."""


def of_groups(groups: Collection[int]) -> Mapping[int, Usage]:
    """What these groups use on this machine; one pass over /proc, some 15 microseconds a process.

    It blocks for as long: to be called in a thread.
    """
    wanted = {str(each).encode(): each for each in groups}
    found: list[tuple[int, int, int]] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            descriptor = os.open(f"/proc/{entry}/stat", os.O_RDONLY)
        except OSError:
            continue
        try:
            line = os.read(descriptor, 1024)
        except OSError:  # It has ended meanwhile.
            continue
        finally:
            os.close(descriptor)
        # The name in parentheses may hold anything, so the fields are counted from its end.
        fields = line[line.rindex(b")") + 2 :].split(None, _RSS + 1)
        group = wanted.get(fields[_GROUP])
        if group is not None and fields[0] not in (b"Z", b"X"):
            found.append((group, sum(map(int, fields[_CPU])), int(fields[_RSS])))
    return summed(found, ticks_s=os.sysconf("SC_CLK_TCK"), page_bytes=os.sysconf("SC_PAGESIZE"))


def summed(
    processes: Iterable[tuple[int, int, int]], *, ticks_s: int, page_bytes: int
) -> dict[int, Usage]:
    """The use of each group, from (group, ticks, resident pages) of each process."""
    found: dict[int, Usage] = {}
    for group, ticks, pages in processes:
        before = found.get(group)
        found[group] = Usage(
            cpu_s=ticks / ticks_s + (before.cpu_s if before else 0.0),
            memory_bytes=pages * page_bytes + (before.memory_bytes if before else 0),
            processes=1 + (before.processes if before else 0),
        )
    return found


def from_text(text: str) -> dict[int, Usage]:
    """What `ssh_scripts.USAGE` has printed; a line that is none is passed over."""
    head, _, rest = text.partition("\n")
    ticks_s, page_bytes = (
        int(each) if each.isdigit() else 0 for each in (head + " x x").split()[:2]
    )
    processes = []
    for line in rest.splitlines():
        words = line.split()
        if len(words) == 6 and all(each.isdigit() for each in words):
            group, *ticks, pages = map(int, words)
            processes.append((group, sum(ticks), pages))
    return summed(processes, ticks_s=ticks_s or 100, page_bytes=page_bytes or 4096)
