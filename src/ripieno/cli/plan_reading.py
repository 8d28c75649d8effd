"""A plan as the server tells it in JSON, as the record that `plan_view` shows."""

from collections.abc import Mapping
from typing import Any

from ripieno.cli.exits import CommandError, ExitCode
from ripieno.cli.output import safe
from ripieno.model.event import program_from_json
from ripieno.model.plan import Plan, Sign, Touched, Wiring
from ripieno.model.program import Outcome
from ripieno.model.simulation import PhaseReport


def read(record: Mapping[str, Any]) -> Plan:
    """The plan, with as much of the forecast as is shown. Raises: `CommandError`."""
    try:
        return _plan(_clean(record))
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise CommandError(
            f"the server tells a plan that cannot be read ({problem!r}); is it of this version? "
            "--json shows it as it is",
            ExitCode.UNREACHABLE,
        ) from problem


def _plan(record: Mapping[str, Any]) -> Plan:
    forecast = PhaseReport(
        name="",
        outcome=Outcome.COMPLETES,
        makespan_s=float(record["makespan"]),
        critical_path=tuple(record["critical_path"]),
    )
    return Plan(
        program=program_from_json(record["program"]),
        touched=tuple(map(_touched, record["components"])),
        untouched_count=int(record["untouched"]),
        forecast=forecast,
    )


def _touched(record: Mapping[str, Any]) -> Touched:
    return Touched(
        component=record["component"],
        type=record["type"],
        sign=Sign(record["change"]),
        why=tuple(record["why"]),
        behaviours=tuple(record["behaviors"]),
        wirings=tuple(
            Wiring(sign=Sign(each["change"]), use=each["use"], provide=each["provide"])
            for each in record["connections"]
        ),
        source=tuple(record["from"]),
        target=tuple(record["to"]),
        start_s=float(record["start"]),
        end_s=float(record["end"]),
        downtime_s=record["downtime"],
    )


def _clean(value: Any) -> Any:
    """All texts as they can be shown."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {safe(name): _clean(each) for name, each in value.items()}
    return value
