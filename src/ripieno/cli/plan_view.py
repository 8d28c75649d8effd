"""How a plan is shown in a terminal: a diff by component, then the steps in their order."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from ripieno.cli.moments import duration
from ripieno.model.plan import Plan, Sign, Touched
from ripieno.model.program import Program, in_words

MOST_COMPONENTS = 40
MOST_STEPS = 60
"""What is shown in full at most; `--json` has everything."""

_STYLE = {Sign.ADD: "green", Sign.REMOVE: "red", Sign.CHANGE: "yellow"}


def show(plan: Plan, console: Console, *, has_steps: bool = True) -> None:
    """Print the plan: what happens to every component and why, and in which order."""
    if plan.is_empty:
        console.print("Nothing to do: the goal is reached already.")
        return
    console.print(_headline(plan), "", sep="\n")
    for touched in plan.touched[:MOST_COMPONENTS]:
        _show_component(touched, console)
    _show_rest(len(plan.touched) - MOST_COMPONENTS, "components", console)
    console.print()
    if has_steps:
        _show_steps(plan.program, console)
    if plan.forecast.critical_path:
        path = " → ".join(_shortened(plan.forecast.critical_path))
        console.print(Text.assemble(("Critical path: ", "bold"), path))


def _headline(plan: Plan) -> Text:
    counts = {sign: sum(each.sign is sign for each in plan.touched) for sign in Sign}
    parts = [
        f"{counts[sign]} to {verb}"
        for sign, verb in ((Sign.ADD, "add"), (Sign.CHANGE, "change"), (Sign.REMOVE, "remove"))
        if counts[sign]
    ]
    return Text.assemble(
        ("Plan: ", "bold"),
        f"{', '.join(parts)}, {plan.untouched_count} untouched; ",
        (f"{duration(plan.makespan_s)} predicted", "bold"),
    )


def _show_component(touched: Touched, console: Console) -> None:
    line = Text.assemble(
        (f"{touched.sign.value} {touched.component}", f"bold {_STYLE[touched.sign]}"),
        f" ({touched.type})  {_way(touched)}  ",
        (_when(touched), "dim"),
    )
    console.print(line)
    if touched.behaviours:
        console.print(Text(f"    runs {', then '.join(touched.behaviours)}"))
    for wiring in touched.wirings:
        verb = {Sign.ADD: "connect", Sign.REMOVE: "disconnect", Sign.CHANGE: "rebind"}[wiring.sign]
        console.print(
            Text.assemble(
                (f"    {wiring.sign.value} {verb} ", _STYLE[wiring.sign]),
                f"{wiring.use} -> {wiring.provide}",
            )
        )
    for why in touched.why:
        console.print(Text(f"    because {why}", style="dim"))


def _way(touched: Touched) -> str:
    source, target = ", ".join(touched.source), ", ".join(touched.target)
    if touched.sign is Sign.ADD:
        return f"to {target}"
    if touched.sign is Sign.REMOVE:
        return f"from {source}"
    return f"stays on {source}" if source == target else f"{source} to {target}"


def _when(touched: Touched) -> str:
    if not touched.end_s:
        span = "at once"
    elif not touched.start_s:
        span = f"within {duration(touched.end_s)}"
    else:
        span = f"from {duration(touched.start_s)} to {duration(touched.end_s)}"
    if touched.downtime_s is None:
        return span
    return (
        f"{span}, {f'down {duration(touched.downtime_s)}' if touched.downtime_s else 'never down'}"
    )


def _show_steps(program: Program, console: Console) -> None:
    """The instructions, each with the numbers of those it comes after, if not the one before."""
    console.print(Text("Steps", style="bold"), Text("(each as soon as those in brackets are done)"))
    width = len(str(len(program.instructions)))
    steps = list(enumerate(program.instructions, 1))
    for number, instruction in steps[:MOST_STEPS]:
        earlier = [index + 1 for index in (program.after or ())[number - 1]]
        after = f"  [{', '.join(map(str, earlier))}]" if earlier else ""
        console.print(
            Text.assemble((f"{number:>{width + 2}} ", "dim"), in_words(instruction), (after, "dim"))
        )
    _show_rest(len(steps) - MOST_STEPS, "steps", console)
    console.print()


def _show_rest(count: int, what: str, console: Console) -> None:
    if count > 0:
        console.print(Text(f"  and {count} more {what}; --json shows all", style="dim"))


def _shortened(path: Iterable[str], most: int = 12) -> list[str]:
    every = list(path)
    if len(every) <= most + 1:
        return every
    return [*every[: most // 2], f"({len(every) - most} more)", *every[-(most // 2) :]]
