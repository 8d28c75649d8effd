"""What things of an application may be called: the few patterns that its records share."""

import re

from ripieno.model.errors import ApplicationError
from ripieno.model.node import quoted

MOST_SLUG = 63
"""The longest slug, in characters: what a DNS label can hold."""

MOST_TEXT = 100_000
"""The longest text in an application, in characters."""

_SLUG = re.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_PORT = re.compile("[a-z]([a-z0-9_-]*[a-z0-9])?")
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
# https://semver.org/#is-there-a-suggested-regular-expression-regex-to-check-a-semver-string
_VERSION = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)


def is_slug(text: str) -> bool:
    """Whether a text is lower case letters, digits and inner dashes, and fits a DNS label."""
    return len(text) <= MOST_SLUG and _SLUG.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether a text is a semantic version."""
    return len(text) <= 200 and _VERSION.fullmatch(text) is not None


def version_key(text: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """What to order semantic versions by: pre-releases before their release, builds alike."""
    plain = text.partition("+")[0]
    numbers, _, before = plain.partition("-")
    parts = tuple(
        (not each.isdigit(), int(each) if each.isdigit() else 0, each)
        for each in before.split(".")
        if each
    )
    return tuple(map(int, numbers.split("."))), not parts, parts


def is_open(text: str) -> bool:
    """Whether a text (still) holds references, and so cannot be judged yet."""
    return "${" in text


def check_slug(text: str, what: str, *at: str) -> None:
    """Raise an `ApplicationError` unless the text can name an application, component or host."""
    if not is_slug(text):
        raise ApplicationError(
            f"{quoted(text)} cannot be the name of {what}; use lower case letters, digits and "
            f"inner dashes, at most {MOST_SLUG}",
            at=at,
        )


def check_port(text: str, what: str, *at: str) -> None:
    """Raise an `ApplicationError` unless the text can name a port."""
    if len(text) > MOST_SLUG or _PORT.fullmatch(text) is None:
        raise ApplicationError(
            f"{quoted(text)} cannot be the name of {what}; begin with a lower case letter, and go "
            f"on with letters, digits, dashes and underscores, at most {MOST_SLUG}",
            at=at,
        )


def check_variable(text: str, *at: str) -> None:
    """Raise an `ApplicationError` unless the text can name an environment variable."""
    if len(text) > 200 or _VARIABLE.fullmatch(text) is None:
        raise ApplicationError(
            f"{quoted(text)} cannot name an environment variable; use letters, digits and "
            "underscores, no digit first",
            at=at,
        )
    if text.startswith("RIPIENO_"):
        raise ApplicationError(
            f"{quoted(text)} is reserved: Ripieno sets what begins with RIPIENO_; rename it", at=at
        )


def check_text(text: str, what: str, *at: str) -> None:
    """Raise an `ApplicationError` for a text that no process can be given, or an endless one."""
    if "\0" in text:
        raise ApplicationError(f"{what} has a zero character; take it out", at=at)
    if len(text) > MOST_TEXT:
        raise ApplicationError(
            f"{what} has {len(text)} characters, and at most {MOST_TEXT} are taken; put it in a "
            "file",
            at=at,
        )


def check_relative(path: str, what: str, *at: str) -> None:
    """Raise an `ApplicationError` for a path that could lead out of the directory it is for."""
    check_text(path, what, *at)
    if not path or path.startswith(("/", "~")) or ".." in path.split("/") or path.endswith("/"):
        raise ApplicationError(
            f"{what} is {quoted(path)}, which is no path inside the working directory; give a "
            "relative one without '..'",
            at=at,
        )
