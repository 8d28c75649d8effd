"""What a run of chaos has done, counted. Runs are added up by the benchmark."""

from dataclasses import dataclass, field

from ripieno.wire.reconfiguration import Reconfiguration


@dataclass(kw_only=True, slots=True)
class Tally:
    """What has happened so far."""

    kills: int = 0
    kills_of_services: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count what another run has counted too."""
        self.kills += other.kills
        self.kills_of_services += other.kills_of_services
        for mine, theirs in ((self.kinds, other.kinds), (self.outcomes, other.outcomes)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count

    def note(self, record: Reconfiguration) -> None:
        """Count a reconfiguration."""
        kind, state = str(record.kind), str(record.state)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.outcomes[state] = self.outcomes.get(state, 0) + 1
