"""What nobody should see: typed without being shown, or read from the standard input.

Never an argument: those can be seen by everybody on the machine.
"""

import sys

import typer

from ripieno.cli.exits import usage


def read(what: str, *, most_bytes: int) -> str:
    """What is typed twice, or the standard input if that is no terminal, without a last line end.

    Raises: `CommandError` for what is not text.
    """
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, confirmation_prompt=True))
    content = sys.stdin.buffer.read(most_bytes + 2)
    try:
        value = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise usage("the value is not text in UTF-8; encode it first, as with base64") from problem
    return value.removesuffix("\n").removesuffix("\r")
