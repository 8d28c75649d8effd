"""Cases out of documents: the file form of `ripieno simulate`.

Called by whoever has read a file and parsed it with `document`. A case that is not legal becomes a
`RefusedCase`, so that one of many does not hide the others.
"""

import re

from ripieno.model import program as programs
from ripieno.model.case import Case, Phase, RefusedCase, Start
from ripieno.model.errors import ModelError
from ripieno.model.node import REMARKS, Node, printable, quoted
from ripieno.model.program import Instruction, Program
from ripieno.model.reading_types import read_component_types

_CASE = REMARKS | {"id", "component_types", "phases", "programs", "start", "connections"}
_PHASE = REMARKS | {"name", "program", "programs"}

_START = re.compile(r"after phase (?P<phase>.+?) of case (?P<case>\S+)(?:\s+\(.*\))?", re.DOTALL)


def is_case(node: Node) -> bool:
    """Whether a document holds cases, and not an assembly or a goal."""
    return node.is_list or (
        node.is_mapping and not {"phases", "programs"}.isdisjoint(node.mapping())
    )


def read_cases(node: Node, *, name: str = "case") -> list[Case | RefusedCase]:
    """The cases of a document: one, or a list of them.

    A case without an id is called `name`, the file's name without extension; in a list its number
    follows. Raises: `DocumentError` for a document that is neither a mapping nor a list.
    """
    if node.is_mapping:
        return [_read(node, name)]
    if not node.is_list:
        raise node.error("this is neither a case nor a list of cases; begin with component_types:")
    read: dict[str, Case | RefusedCase] = {}
    for number, each in enumerate(node.items(), 1):
        case = _read(each, f"{name}-{number}")
        if case.id in read:
            raise each.error(f"there is another case {quoted(case.id)}; give each its own id")
        read[case.id] = case
    if not read:
        raise node.error("there are no cases in it; begin with component_types:")
    return list(read.values())


def _read(node: Node, default_id: str) -> Case | RefusedCase:
    # Found out bit by bit, so that a refusal can say as much as was legible before it.
    known = {"id": default_id, "title": "", "phase": "load"}
    try:
        return _case(node, known)
    except ModelError as problem:
        return RefusedCase(
            id=known["id"], title=known["title"], phase=known["phase"], error=problem
        )


def _case(node: Node, known: dict[str, str]) -> Case:
    entries = node.mapping()
    if "id" in entries:
        known["id"] = entries["id"].name()
    if "title" in entries and not entries["title"].is_empty:
        known["title"] = printable(entries["title"].written or "")
    phases = entries["phases"].items() if "phases" in entries else ()
    if "programs" in entries:
        known["phase"] = "programs"
    elif phases:
        known["phase"] = _phase_name(phases[0], 1)
    if "components" in entries and not phases and "programs" not in entries:
        raise node.error("this describes an assembly, not a case; it is for `ripieno plan`")
    fields = node.mapping(_CASE)
    start = _start(fields["start"]) if "start" in fields else None
    if "connections" in fields and start is None:
        raise fields["connections"].error(
            "a case is connected by its program; write [connect, component.port, component.port]"
        )
    types = read_component_types(fields["component_types"]) if "component_types" in fields else {}
    if "phases" in fields and "programs" in fields:
        raise node.error("a case has phases or programs, not both; move the programs into a phase")
    if "programs" in fields:
        read = [Phase(name=known["phase"], programs=_programs(fields["programs"]))]
    else:
        read = [_phase(each, number, known) for number, each in enumerate(phases, 1)]
    names: set[str] = set()
    for phase, each in zip(read, phases, strict=False):
        if phase.name in names:
            raise each.error(f"there is another phase {quoted(phase.name)}; name them apart")
        names.add(phase.name)
    if not read:
        raise node.error("a case without phases does nothing; give 'phases', each with a program")
    return Case(
        id=known["id"],
        title=known["title"],
        component_types=types,
        phases=tuple(read),
        start=start,
    )


def _phase(node: Node, number: int, known: dict[str, str]) -> Phase:
    known["phase"] = _phase_name(node, number)
    fields = node.mapping(_PHASE)
    if ("program" in fields) == ("programs" in fields):
        raise node.error(
            "a phase has either a program (a list of instructions) or programs {name: list}; give "
            "one of them"
        )
    if "programs" in fields:
        return Phase(name=known["phase"], programs=_programs(fields["programs"]))
    return Phase(name=known["phase"], programs=(_program("main", fields["program"]),))


def _phase_name(node: Node, number: int) -> str:
    name = node.mapping().get("name")
    return f"phase {number}" if name is None or name.is_empty else name.name()


def _programs(node: Node) -> tuple[Program, ...]:
    programs_read = tuple(_program(name, each) for name, each in node.by_name().items())
    if not programs_read:
        raise node.error("there are no programs; write {name: [instructions]}")
    return programs_read


def _program(name: str, node: Node) -> Program:
    return Program(name=name, instructions=tuple(_instruction(each) for each in node.items()))


def _instruction(node: Node) -> Instruction:
    words = [each.plain() if each.is_mapping else each.name() for each in node.items()]
    try:
        return programs.from_list(words)
    except ModelError as problem:
        raise node.located(problem) from problem


def _start(node: Node) -> Start:
    """Where a case begins: in prose, `after phase deploy of case 16 (remark)`, or as fields."""
    if node.is_mapping:
        fields = node.mapping(frozenset({"case", "phase"}))
        if len(fields) < 2:
            raise node.error("give both: {case: its number or id, phase: its name}")
        return Start(case=fields["case"].name(), phase=fields["phase"].name())
    match = _START.fullmatch(node.text().strip())
    if match is None:
        raise node.error(
            f"{quoted(node.text())} names no start; write 'after phase NAME of case NUMBER' or "
            "{case: NUMBER, phase: NAME}"
        )
    return Start(case=match["case"], phase=match["phase"])
