"""How quick the engine is: on chains, on components that have nothing to do with each other, and
on many users of one provider; and how much memory a component takes.

    .venv/bin/python benchmarks/engine.py [--json]

Nothing is executed outside: every transition ends as soon as it has been started. What a program
needs to be built, submitted and checked is part of the time, unless a name says otherwise.
"""

import gc
import itertools
import json
import statistics
import time
import tracemalloc
from collections import deque
from collections.abc import Iterator

import measure
from measure import Better, Extent, Figure
from ripieno.engine import snapshot
from ripieno.engine.machine import Machine
from ripieno.engine.simulate import simulate
from ripieno.model.case import Case, Phase
from ripieno.model.command import Command, StartTransition
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.event import ProgramsSubmitted, TransitionEnded
from ripieno.model.port import Port, PortKind, PortRef
from ripieno.model.program import (
    Add,
    Connect,
    Instruction,
    Outcome,
    Program,
    Push,
    WaitAll,
)

SERVED = Port(name="served", kind=PortKind.PROVIDE, on=("up",))


def line_type(name: str, length: int, *ports: Port) -> ComponentType:
    """A type that goes from place `p0` through `length` transitions, the last one to place `up`."""
    places = (*(f"p{number}" for number in range(length)), "up")
    transitions = tuple(
        Transition(name=f"t{number}", source=source, target=target, behaviour="deploy")
        for number, (source, target) in enumerate(itertools.pairwise(places))
    )
    return ComponentType(
        name=name, initial=places[0], places=places, transitions=transitions, ports=ports
    )


FIRST = line_type("First", 1, SERVED)
LINK = line_type("Link", 1, SERVED, Port(name="needed", kind=PortKind.USE, on=("t0",)))
LONER = line_type("Loner", 5)
USER = line_type("User", 6, Port(name="needed", kind=PortKind.USE, on=("p1", "p2", "p3")))
TYPES = {each.name: each for each in (FIRST, LINK, LONER, USER)}


def deployed(instructions: list[Instruction]) -> Program:
    """A program that adds and connects, then deploys every component and waits for all of them."""
    added = [each.component for each in instructions if isinstance(each, Add)]
    pushes = [Push(component=name, behaviour="deploy") for name in added]
    return Program(name="deploy", instructions=(*instructions, *pushes, WaitAll()))


def assembled_chain(length: int) -> list[Instruction]:
    """Components each of which needs the one before it to have come up."""
    names = [f"c{number}" for number in range(length)]
    adds = [
        Add(component=name, type="Link" if number else "First") for number, name in enumerate(names)
    ]
    connects = [
        Connect(one=PortRef(provider, "served"), other=PortRef(user, "needed"))
        for provider, user in itertools.pairwise(names)
    ]
    return [*adds, *connects]


def assembled_loners(count: int) -> list[Instruction]:
    """Components that have nothing to do with each other."""
    return [Add(component=f"c{number}", type="Loner") for number in range(count)]


def assembled_users(count: int) -> list[Instruction]:
    """One provider and its users."""
    names = [f"c{number}" for number in range(count)]
    served = PortRef("provider", "served")
    adds = [Add(component=name, type="User") for name in names]
    connects = [Connect(one=PortRef(name, "needed"), other=served) for name in names]
    return [Add(component="provider", type="First"), *adds, *connects]


def submit(program: Program) -> tuple[Machine, list[Command]]:
    """A machine that has begun the program, and the commands that it gave for it."""
    machine = Machine(TYPES)
    return machine, machine.handle(ProgramsSubmitted(programs=(program,)))


def run_out(machine: Machine, commands: list[Command]) -> int:
    """End every transition that is started, until none is; returns how many there were."""
    pending = deque(commands)
    count = 0
    while pending:
        command = pending.popleft()
        if isinstance(command, StartTransition):
            count += 1
            pending.extend(machine.handle(TransitionEnded(command=command.id)))
    assert not machine.running_programs(), "the program has not come to its end"
    return count


def chain_s(length: int) -> float:
    """CPU seconds to build a chain and bring it up."""
    return measure.cpu_s(lambda: run_out(*submit(deployed(assembled_chain(length)))))


def growth(length: int, short: int) -> float:
    """How much longer a component of a long chain takes than one of a short chain."""
    short_s = statistics.median(chain_s(short) for _ in range(9))
    return (chain_s(length) / length) / (short_s / short)


def users_s(count: int) -> float:
    """CPU seconds to build many users of one provider and bring them up."""
    return measure.cpu_s(lambda: run_out(*submit(deployed(assembled_users(count)))))


def loners_per_s(count: int) -> float:
    """Transitions a second of CPU time, of components without ports that are there already."""
    machine, commands = submit(deployed(assembled_loners(count)))
    gc.collect()
    begin = time.process_time()
    transitions = run_out(machine, commands)
    return transitions / (time.process_time() - begin)


def simulated_s(length: int) -> float:
    """CPU seconds to simulate a chain, its timeline and critical path included."""

    def work() -> None:
        program = deployed(assembled_chain(length))
        phase = Phase(name="deploy", programs=(program,))
        report = simulate(Case(id="chain", component_types=TYPES, phases=(phase,)))
        assert report.phases[0].outcome is Outcome.COMPLETES

    return measure.cpu_s(work)


def stored_s(length: int) -> float:
    """CPU seconds to write a chain that is coming up as JSON and to read it back."""
    machine, _ = submit(deployed(assembled_chain(length)))

    def work() -> None:
        snapshot.from_json(json.loads(json.dumps(snapshot.to_json(machine))))

    return measure.cpu_s(work)


def bytes_per_component(count: int, *, after_run: bool) -> float:
    """Memory for each idle component of a connected assembly, its name and connections included."""
    gc.collect()
    tracemalloc.start()
    try:
        assembled = assembled_chain(count)
        program = (
            deployed(assembled)
            if after_run
            else Program(name="build", instructions=tuple(assembled))
        )
        machine, commands = submit(program)
        run_out(machine, commands)
        del assembled, program, commands
        gc.collect()
        size_bytes, _ = tracemalloc.get_traced_memory()
        assert len(machine.marking()) == count
    finally:
        tracemalloc.stop()
    return size_bytes / count


def figures(extent: Extent) -> Iterator[Figure]:
    """All that is measured of the engine."""
    long, middle, short = extent.size(100_000), extent.size(5_000), extent.size(1_000)
    many, few = extent.size(20_000), extent.size(10_000)
    yield Figure(
        name=f"{many:,} independent components, 5 transitions each (running only)",
        unit="transitions/s",
        better=Better.HIGHER,
        budget=100_000,
        runs=measure.each_run(extent, lambda: loners_per_s(many)),
    )
    yield Figure(
        name=f"chain of {middle:,}, building included",
        unit="s",
        budget=0.25,
        runs=measure.each_run(extent, lambda: chain_s(middle)),
    )
    yield Figure(
        name=f"chain of {long:,}, building included",
        unit="s",
        budget=6.0,
        runs=measure.each_run(extent, lambda: chain_s(long)),
    )
    yield Figure(
        name=f"time for a component of a chain, {long:,} to {short:,}",
        unit="ratio",
        budget=1.5,
        runs=measure.each_run(extent, lambda: growth(long, short)),
    )
    yield Figure(
        name=f"{middle:,} users of one provider, 6 transitions each, building included",
        unit="s",
        budget=0.5,
        runs=measure.each_run(extent, lambda: users_s(middle)),
    )
    yield Figure(
        name=f"simulated chain of {middle:,}, building included",
        unit="s",
        runs=measure.each_run(extent, lambda: simulated_s(middle)),
    )
    yield Figure(
        name=f"chain of {few:,} under way, to JSON and back",
        unit="s",
        runs=measure.each_run(extent, lambda: stored_s(few)),
    )
    for after_run in (False, True):
        yield Figure(
            name=f"memory of an idle component in a chain of {many:,}"
            f"{', once it has run' if after_run else ''}",
            unit="bytes",
            budget=2048,
            runs=(bytes_per_component(many, after_run=after_run),),
        )


if __name__ == "__main__":
    measure.main("The engine", figures)
