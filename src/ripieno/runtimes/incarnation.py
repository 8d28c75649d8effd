"""Keys of processes: which command an incarnation of a replica comes from."""


def incarnation(key: str) -> str:
    """The command that a key comes from; restarts of it have a number behind."""
    return key.partition("~")[0]


def next_key(key: str) -> str:
    """The key of the next try of the same command."""
    command, _, number = key.partition("~")
    return f"{command}~{int(number or 0) + 1}"
