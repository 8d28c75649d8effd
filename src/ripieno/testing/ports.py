"""Ports for servers that tests start. For tests."""

import contextlib
import socket


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports of the loopback that nobody listens on at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(int(each.getsockname()[1]) for each in sockets)
