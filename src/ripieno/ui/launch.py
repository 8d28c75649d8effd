"""What a filled-in form stands for: a command, and a link that fills the form in again."""

import shlex
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from ripieno.ui.form import PREFIX


def command(
    application: str,
    settings: Mapping[str, str],
    *,
    version: str | None = None,
    name: str | None = None,
    configuration: str | None = None,
) -> str:
    """The command line that deploys just this, quoted for a shell."""
    words = ["ripieno", "deploy", application]
    if version:
        words += ["--version", version]
    if name:
        words += ["--name", name]
    if configuration:
        words += ["--configuration", configuration]
    for parameter, text in settings.items():
        words += ["--set", f"{parameter}={text}"]
    return shlex.join(words)


def link(
    application: str,
    settings: Mapping[str, str],
    *,
    version: str | None = None,
    name: str | None = None,
    configuration: str | None = None,
) -> str:
    """The path of the page on which the form is filled in like this; it deploys nothing."""
    chosen = {"version": version, "name": name, "configuration": configuration}
    query = {key: text for key, text in chosen.items() if text}
    query |= {f"{PREFIX}{parameter}": text for parameter, text in settings.items()}
    address = f"/applications/{quote(application, safe='')}?launch"
    return f"{address}&{urlencode(query, quote_via=quote)}" if query else address
