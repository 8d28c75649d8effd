"""Ending what runs for a replica: its process, and the container that it may be the client of.

Used by `replicas`, and by what watches the health of replicas.
"""

from ripieno.model.workload import Workload
from ripieno.runtimes import containers
from ripieno.runtimes.base import Replica
from ripieno.runtimes.host import Host, Process


async def end(host: Host, replica: Replica, process: Process | None, workload: Workload) -> None:
    """Stop the process as the workload says; of its containers nothing is left, running or not.

    Raises: `RuntimeDriverError`; then something may run on.
    """
    if replica.has_container:
        await containers.stop(host, replica, grace_s=workload.grace_s)
    if process is not None:
        await host.stop(process, signal=workload.stop_signal, grace_s=workload.grace_s)
    if replica.has_container:
        await containers.remove(host, replica)
