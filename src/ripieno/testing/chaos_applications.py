"""Random applications for chaos: what they say, and what has to run when they are up.

Drawn from a generator, so that a seed gives the same ones again.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

TYPES = """
component_types:
  Step:
    initial: off
    places: [off, half, on]
    transitions:
      rise: {from: off, to: half, behavior: deploy, action: {run: [sleep, '0.1']}}
      go: {from: half, to: on, behavior: deploy,
        action: {call: ripieno.sleep, with: {seconds: 0.1}}}
      fall: {from: on, to: off, behavior: remove, action: {run: [sleep, '0.05']}}
      back: {from: half, to: off, behavior: remove, dock_set: back}
"""

FAILURES = ("exit 3", "kill -9 $$", "sleep 0.2; exit 4")
"""How a service that must not come up ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A service as it should run: the value of its VERSION, and how many times."""

    version: str
    replicas: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """An application: its document, and its services."""

    document: str
    services: Mapping[str, Part] = field(default_factory=dict)

    def scaled(self, name: str, replicas: int) -> "Drawn":
        """The same with another number of replicas of one service; the document stays."""
        services = {**self.services, name: replace(self.services[name], replicas=replicas)}
        return replace(self, services=services)


def draw(source: random.Random, name: str, *, fails: bool = False) -> Drawn:
    """Services that are ready at once or slowly and use each other in layers, jobs, own types.

    One that fails has a service that never comes up.
    """
    services: dict[str, Part] = {}
    lines = [f"name: {name}", f"version: 1.0.{source.randint(0, 10**6)}", TYPES, "components:"]
    names = [f"c{number}" for number in range(source.randint(3, 7))]
    fails_at = source.choice(names) if fails else None
    for each in names:
        if each == fails_at:
            lines += _failing(source, each)
        elif source.random() < 0.15:
            lines += [f"  {each}: {{type: Step}}"]
        elif source.random() < 0.15:
            script = f"sleep {source.choice((0, 0.1))}; echo {source.randint(0, 2)}"
            lines += [f"  {each}:", "    type: job", f"    command: [sh, -c, '{script}']"]
        else:
            part = Part(version=str(source.randint(0, 2)), replicas=source.choice((1, 1, 1, 2, 3)))
            lines += _service(source, each, part, tuple(services))
            services[each] = part
    return Drawn(document="\n".join(lines) + "\n", services=services)


def _failing(source: random.Random, name: str) -> list[str]:
    lines = [
        f"  {name}:",
        "    type: service",
        f"    command: [sh, -c, 'sleep 0.05; {source.choice(FAILURES)}']",
        "    deadline_s: 3",
        f"    update: {source.choice(('recreate', 'rolling'))}",
    ]
    if source.random() < 0.5:
        return [*lines, "    restart: {condition: never}", "    health: {command: ['false']}"]
    return [*lines, "    restart: {limit: 2, backoff_s: 0.05}", "    tcp_ports: {out: 0}"]


def _service(source: random.Random, name: str, part: Part, others: tuple[str, ...]) -> list[str]:
    used = source.choice(others) if others and source.random() < 0.6 else None
    hold = source.choice(("running", "starting"))
    need = ", NEED: '${need.url}'" if used else ""
    lines = [
        f"  {name}:",
        "    type: service",
        f"    command: [sh, -c, 'sleep {source.choice((0, 0.05, 0.2))}; exec sleep 100000']",
        f"    env: {{VERSION: '{part.version}'{need}}}",
        f"    replicas: {part.replicas}",
        f"    update: {source.choice(('recreate', 'rolling'))}",
        "    stop: {grace_s: 2}",
        "    health: {command: ['true']}",
        "    restart: {backoff_s: 0.05, backoff_cap_s: 0.2}",
        "    tcp_ports: {out: 0}",
        f"    provides: {{out: out-{name}}}",
    ]
    if used:
        lines += [f"    uses: {{need: {{interface: out-{used}, hold: {hold}}}}}"]
    return lines
