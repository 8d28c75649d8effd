"""What of a service of a Compose file an application file cannot say, and why.

Called by `compose_service`.
"""

from collections.abc import Iterator, Mapping, Sequence

from ripieno.model.node import Node, listed

NOT_CARRIED = {
    "build": "images are not built here; build it, push it to a registry and name it",
    "cap_add": "capabilities are a matter of where it runs",
    "cap_drop": "capabilities are a matter of where it runs",
    "configs": "files come with the application, under 'files'",
    "container_name": "components have the names of the application",
    "devices": "devices are a matter of where it runs",
    "dns": "names are looked up as its host does",
    "extends": "what it takes from there has to be written out",
    "extra_hosts": "names are looked up as its host does",
    "group_add": "who it runs as is a matter of where it runs",
    "hostname": "components have the names of the application",
    "init": "how it is started is a matter of where it runs",
    "labels": "labels are for selectors here, not for other programs",
    "logging": "what it prints is kept and shown by the server",
    "network_mode": "components reach each other by their connections",
    "networks": "components reach each other by their connections",
    "pid": "it has processes of its own",
    "platform": "the platform is that of where it runs",
    "privileged": "nothing runs with more rights than it needs",
    "pull_policy": "images are fetched when they are missing",
    "read_only": "how its files are kept is a matter of where it runs",
    "security_opt": "it is a matter of where it runs",
    "shm_size": "it is a matter of where it runs",
    "stdin_open": "there is nobody to type",
    "sysctls": "it is a matter of where it runs",
    "tmpfs": "there are no volumes yet",
    "tty": "there is nobody to type",
    "ulimits": "it is a matter of where it runs",
    "user": "who it runs as is a matter of where it runs",
    "volumes": "there are no volumes yet: what it keeps there is gone when it is removed",
    "volumes_from": "there are no volumes yet",
}
"""Fields of a service that an application file cannot say, and why."""

READ = frozenset(
    (
        *("image", "command", "entrypoint", "environment", "env_file", "ports", "expose"),
        *("healthcheck", "deploy", "restart", "working_dir", "stop_signal", "stop_grace_period"),
        *("depends_on", "links", "profiles", "secrets", "scale", "cpus", "mem_limit"),
        *("mem_reservation", "attach", "annotations"),
    )
)


def left_out(fields: Mapping[str, Node]) -> Iterator[str]:
    """What is not carried over of a service, a sentence each."""
    for key in fields:
        if key in READ or key.startswith("x-"):
            continue
        why = NOT_CARRIED.get(key, "an application file cannot say it")
        yield f"{key}{_details(key, fields[key])} is not carried over: {why}"


def _details(key: str, node: Node) -> str:
    """What of a field is lost, where that is worth to be named."""
    if key not in ("volumes", "configs", "networks", "extends"):
        return ""
    entries: Sequence[Node] = node.items() if node.is_list else ()
    told = [each.written or "" for each in entries if not (each.is_mapping or each.is_list)]
    for each in entries:
        if each.is_mapping:
            parts = (each.at((name,)) for name in ("source", "target"))
            told.append(":".join(part.written or "" for part in parts if part is not each))
    if node.is_mapping:
        told = list(node.mapping())
    return f" ({listed(told)})" if told else ""
