"""What this machine is, and whether it can be a host. Used by the local host."""

import os
import platform
import pwd
import shutil
from pathlib import Path

from ripieno.runtimes import errors, local_folder
from ripieno.runtimes.errors import InvalidHost
from ripieno.runtimes.host import HostFacts


def facts(directory: str, host: str) -> HostFacts:
    """Try the directory, which is made if it is missing, and look at the machine.

    Raises: InvalidHost, PermissionDenied, DiskFull.
    """
    with errors.translated(f"the directory {directory} cannot be used", host=host):
        local_folder.make_directory(directory)
        probe = Path(directory, f".probe-{os.getpid()}")
        probe.write_bytes(b"probe")
        probe.unlink()
        disk = os.statvfs(directory)
    for tool in ("setsid", "flock"):
        if shutil.which(tool) is None:
            raise InvalidHost(f"it has no {tool}", host=host, remedy="install util-linux")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return HostFacts(
        os=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        kernel=platform.release(),
        architecture=platform.machine(),
        user=_user(),
        cpus=len(os.sched_getaffinity(0)),
        memory_mib=memory // 2**20,
        disk_free_mib=disk.f_bavail * disk.f_frsize // 2**20,
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # A container may run under a number that has no name.
        return str(os.geteuid())


def listening_ports(table: str) -> frozenset[int]:
    """The ports that something listens on, by the text of /proc/net/tcp and tcp6."""
    found = set()
    for line in table.splitlines():
        fields = line.split(maxsplit=4)
        if len(fields) > 3 and fields[3] == "0A":  # TCP_LISTEN in include/net/tcp_states.h
            found.add(int(fields[1].rpartition(":")[2], 16))
    return frozenset(found)


def socket_table() -> str:
    """The text of /proc/net/tcp and tcp6, the second where there is one."""
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    return "".join(table.read_text(encoding="ascii") for table in tables if table.exists())
