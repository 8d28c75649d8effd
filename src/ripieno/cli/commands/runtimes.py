"""`ripieno runtimes`: the ways in which components are run."""

import typer
from rich.text import Text

from ripieno.cli import session
from ripieno.cli.arguments import AsJson
from ripieno.cli.output import console, safe, said, show_json
from ripieno.wire.host import Load


def runtimes(as_json: AsJson = False) -> None:
    """Show the runtimes: where they run components, what they can do, how much is in use.

    Example: ripieno runtimes
    """
    found = session.run(lambda client: client.runtimes()).items
    if as_json:
        show_json(list(found))
        return
    terminal = console()
    for each in found:
        where = ", ".join(safe(host) for host in each.hosts) or "no host yet"
        terminal.print(Text.assemble((safe(each.name), "bold"), f"  on {where}"))
        terminal.print(said(f"  {_in_use(each.load)}"))
        for can, begin in ((True, "can"), (False, "cannot")):
            abilities = [name for name, has in each.abilities.items() if has is can]
            if abilities:
                terminal.print(said(f"  {begin}: {', '.join(abilities)}"))
    if not found:
        typer.echo("There is no runtime.")


def _in_use(load: Load) -> str:
    told = f"{load.components} components promised {load.cpus:g} cpus, {load.memory_mib} MiB"
    if load.used_cpus is None or load.used_memory_bytes is None:
        return told
    return f"{told}; they use {load.used_cpus:.2f} cpus, {load.used_memory_bytes >> 20} MiB"
