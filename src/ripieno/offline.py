"""What can be done without a server: simulate case files, and plan from file to file.

Called by the command line only, which reaches the engine and the planner nowhere else. Reads the
files, and nothing but them; everything that is wrong with one is a `DocumentError` that names it.
"""

import contextlib
import os
import re
import sys
from pathlib import Path

from ripieno.engine.machine import Machine
from ripieno.engine.simulate import rejected, simulate
from ripieno.engine.situation import situation
from ripieno.model import document
from ripieno.model.assembly import Situation
from ripieno.model.case import Case, RefusedCase
from ripieno.model.component_type import ComponentType
from ripieno.model.errors import DocumentError
from ripieno.model.node import Node
from ripieno.model.plan import Plan
from ripieno.model.reading import is_case, read_cases
from ripieno.model.reading_goals import read_goal
from ripieno.model.simulation import CaseReport
from ripieno.plan import planner
from ripieno.plan.standing import situation_of

STANDARD_INPUT = "-"


def simulate_file(path: str) -> list[CaseReport]:
    """Simulate every case of a file (`-`: standard input).

    Raises: `DocumentError` if the file cannot be read. A case that is not legal has a report with
    one phase, rejected.
    """
    return [_simulate(case, path) for case in _cases(path)]


def plan_files(current: str, goal: str, *, phase: str | None = None) -> Plan:
    """The plan from what one file describes to the assembly of another.

    `current` is an assembly file, or a case file whose phases are simulated, up to `phase` where
    that is given. Raises: `DocumentError` for a file that cannot be read, a `ModelError` or
    `PlanError` where there is no plan.
    """
    node = read(current)
    types: dict[str, ComponentType]
    if is_case(node):
        types, now = _reached(current, phase)
    else:
        if phase is not None:
            raise DocumentError(
                "this is an assembly file, which has no phases; leave --phase out", source=current
            )
        types, described = read_goal(node, {})
        now = situation_of(described)
    _, wanted = read_goal(read(goal), types)
    return planner.plan(now, wanted)


def read(path: str) -> Node:
    """The document in a file (`-`: standard input). Raises: `DocumentError`."""
    if path == STANDARD_INPUT:
        content = sys.stdin.buffer.read(document.MOST_BYTES + 1)
        return document.parse(_decoded(content, "standard input"), "standard input")
    try:
        size = os.stat(path).st_size
        if size > document.MOST_BYTES:
            raise DocumentError(
                f"{size:,} bytes are too many; at most {document.MOST_BYTES:,} are read: split it",
                source=path,
            )
        with open(path, "rb") as file:  # which may be a pipe, or a device without an end
            content = file.read(document.MOST_BYTES + 1)
    except OSError as problem:
        raise DocumentError(
            f"cannot be read: {problem.strerror or problem}", source=path
        ) from problem
    return document.parse(_decoded(content, path), path)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises: `DocumentError` if that cannot be done."""
    unfinished = path.parent / f".{path.name}.{os.getpid()}.unfinished"
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            path.write_text(text, encoding="utf-8")  # A device or pipe must not be replaced.
            return
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise DocumentError(
            f"cannot be written: {problem.strerror or problem}", source=str(path)
        ) from problem


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise DocumentError(
            "this is not text in UTF-8; save it as UTF-8", source=path, line=line
        ) from problem


def _cases(path: str) -> list[Case | RefusedCase]:
    return read_cases(read(path), name=Path(path).stem if path != STANDARD_INPUT else "case")


def _simulate(case: Case | RefusedCase, path: str) -> CaseReport:
    if isinstance(case, RefusedCase):
        return rejected(case.id, case.phase, case.error, title=case.title)
    return simulate(case, _begin(case, path, ()))


def _reached(path: str, phase: str | None) -> tuple[dict[str, ComponentType], Situation]:
    """Where the first case of a file comes to. Raises: `DocumentError` if it does not complete."""
    case = _cases(path)[0]
    if isinstance(case, RefusedCase):
        raise case.error
    machine = _run(case, path, phase, ())
    return dict(machine.core.types), situation(machine)


def _begin(case: Case, path: str, seen: tuple[str, ...]) -> Machine:
    """The machine on which a case begins: an empty one, or one that another case has run on."""
    if case.start is None:
        return Machine(case.component_types)
    if case.id in seen:
        raise DocumentError(
            f"case {case.id} starts after itself ({' -> '.join([*seen, case.id])}); let one of "
            "them start with an empty assembly",
            source=path,
        )
    earlier, where = _find(case.start.case, path)
    return _run(earlier, where, case.start.phase, (*seen, case.id))


def _run(case: Case, path: str, phase: str | None, seen: tuple[str, ...]) -> Machine:
    """The machine after the phases of a case up to `phase`, all of which have to complete."""
    names = [each.name for each in case.phases]
    if phase is not None and phase not in names:
        raise DocumentError(
            f"case {case.id} has no phase {phase!r}; its phases are {', '.join(names)}",
            source=path,
        )
    last = len(names) if phase is None else names.index(phase) + 1
    machine = _begin(case, path, seen)
    report = simulate(
        Case(id=case.id, component_types=case.component_types, phases=case.phases[:last]),
        machine,
    )
    if not report.completes:
        stuck = next(each for each in report.phases if each.outcome != "completes")
        raise DocumentError(
            f"phase {stuck.name} of case {case.id} ends in {stuck.outcome.value}, so nothing can "
            f"begin behind it: {stuck.reason}",
            source=path,
        )
    return machine


def _find(reference: str, path: str) -> tuple[Case, str]:
    """The case that another one starts after, from a file beside it.

    `16` means a file `16.yaml` or `16_….yaml`; any other reference is a file's name without its
    ending, or the id of a case in one of the files.
    """
    folder = Path(path).parent if path != STANDARD_INPUT else Path()
    files = sorted(each for each in folder.glob("*.yaml") if each.is_file())
    named = re.compile(rf"{re.escape(reference)}(_.*)?")
    for file in [each for each in files if named.fullmatch(each.stem)] or files:
        try:
            cases = _cases(str(file))
        except DocumentError:
            continue  # A file beside it that is no case file is none of this one's business.
        for case in cases:
            if isinstance(case, Case) and (named.fullmatch(file.stem) or case.id == reference):
                return case, str(file)
    raise DocumentError(
        f"it starts after case {reference}, and no file beside it is {reference}_….yaml or has a "
        "case of that id; put that file into the same folder",
        source=path,
    )
