"""Which application is meant on the command line: a file, or the name of a published one.

The rule is the same everywhere, and does not depend on which files there are: a word with a dot or
a slash in it, or `-` for the standard input, is a file; any other is a name.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ripieno.cli.exits import usage
from ripieno.model import names
from ripieno.model.errors import DocumentError
from ripieno.wire import faults
from ripieno.wire.base import Request

Asked = TypeVar("Asked", bound=Request)

MOST_BYTES = 1024 * 1024
"""The longest document of an application."""

STANDARD_INPUT = "-"

FILES = "files"
"""A document without this word names no files. To name a folder of the server's is for few."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An application: the fields for a request, and the file that they come from, if one."""

    fields: dict[str, Any]
    file: str | None


def is_file(word: str) -> bool:
    """Whether a word on the command line means a file."""
    return word == STANDARD_INPUT or "." in word or "/" in word


def source(
    word: str | None,
    *,
    version: str | None = None,
    settings: Iterable[str] = (),
    configuration: str | None = None,
) -> Source:
    """What is meant by a word, `--version`, `--set` and `--configuration`.

    Raises: `DocumentError` for a file that cannot be read, `CommandError` for the rest.
    """
    fields: dict[str, Any] = {}
    file = None
    if word is not None and is_file(word):
        if version is not None:
            raise usage(f"{word} is a file, which has its version in it; leave --version out")
        fields["document"] = read_text(word)
        if FILES in fields["document"]:
            fields["directory"] = str(folder_of(word))
        file = word if word != STANDARD_INPUT else "standard input"
    elif word is not None:
        fields["application"] = word
        if version is not None:
            fields["version"] = version
    elif version is not None:
        raise usage("--version is that of a published application; name it")
    given = settings_of(settings)
    if given:
        fields["settings"] = given
    if configuration is not None:
        fields["configuration"] = configuration
    return Source(fields=fields, file=file)


def settings_of(pairs: Iterable[str]) -> dict[str, str]:
    """What `--set name=value` says. Raises: `CommandError`."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise usage(f"--set {pair!r}: write NAME=VALUE")
        if name in found:
            raise usage(f"--set {name} is there twice; give it once")
        found[name] = value
    return found


def folder_of(file: str) -> Path:
    """The folder in which relative paths in a file begin."""
    return Path.cwd() if file == STANDARD_INPUT else Path(file).absolute().parent


def read_text(path: str) -> str:
    """The text of a file. Raises: `DocumentError`."""
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with open(path, "rb") as file:  # which may be a pipe, or a device without an end
                content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        hint = ""
        if isinstance(problem, IsADirectoryError):
            hint = f" (name the file in it, such as {os.path.join(path, 'application.yaml')})"
        if isinstance(problem, FileNotFoundError) and os.sep not in path:
            name, at, version = path.partition("@")
            hint = f" (a published application has no dot in its name; here is {Path.cwd()})"
            if at:
                hint = f" (a version of a published application is given as: {name} --version "
                hint += f"{version})"
        raise DocumentError(
            f"cannot be read: {problem.strerror or problem}{hint}", source=path
        ) from problem
    if len(content) > MOST_BYTES:
        raise DocumentError(f"it is too long; at most {MOST_BYTES:,} bytes are read", source=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise DocumentError(
            "this is not text in UTF-8; save it as UTF-8", source=path, line=line
        ) from problem


def name(text: str) -> str:
    """A name for something new. Raises: `CommandError`."""
    if not names.is_slug(text):
        raise usage(f"{text!r} is no name: use up to 63 of a-z, 0-9 and -, with no - at the ends")
    return text


def request(kind: type[Asked], fields: Mapping[str, Any]) -> Asked:
    """A request with these fields. Raises: `CommandError` that names the field at fault."""
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        raise usage(faults.told(first)) from problem
