"""The shortest way of one component: which behaviours to push, and where they lead.

Dijkstra's algorithm over the markings on which the component can stand idle, with the declared
durations as costs; at equal cost the way with fewer behaviours.
"""

import heapq
from dataclasses import dataclass

from ripieno.plan.lifecycle import Lifecycle, Marking, Move

NANOSECONDS = 1_000_000_000

MOST_STATES = 50_000
"""Combinations of marking and duties that are looked at before a search gives up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What a component's way has to satisfy.

    On the way: `runs` (behaviours, in this order), `releases` (use ports that must be inactive at
    some moment), `visits` (provide ports that must be active at some moment, data ports reached).
    At the end: `state` (places that are marked), `exact` (all the marked places), `provides`
    (ports that are active), `free` (use ports that are inactive). Ports in `closed` never have a
    provider, so nothing can be done that needs them.
    """

    runs: tuple[str, ...] = ()
    releases: frozenset[str] = frozenset()
    visits: frozenset[str] = frozenset()
    state: frozenset[str] = frozenset()
    exact: Marking | None = None
    provides: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()

    def in_words(self) -> str:
        """The need in a message, `run update, then stand on running`."""
        parts = []
        if self.runs:
            parts.append(f"run {', '.join(self.runs)}")
        if self.releases:
            parts.append(f"release {_listed(self.releases)} on the way")
        if self.visits:
            parts.append(f"provide {_listed(self.visits)} on the way")
        if self.state or self.exact is not None:
            parts.append(f"stand on {_listed(self.state or self.exact or ())}")
        if self.provides:
            parts.append(f"provide {_listed(self.provides)} at the end")
        if self.free:
            parts.append(f"release {_listed(self.free)} for good")
        return " and ".join(parts) or "do nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """The moves of a component, and the marking where they end."""

    moves: tuple[Move, ...]
    source: Marking
    target: Marking


_Duties = tuple[int, frozenset[str], frozenset[str]]
"""How many of the runs are done, what is still to be released, what is still to be visited."""


def find(lifecycle: Lifecycle, source: Marking, need: Need, *, together: bool) -> Path | None:
    """The shortest way that satisfies the need, None if there is none.

    With `together`, all the releases have to be inactive at one moment.
    """
    begun: _Duties = (
        0,
        need.releases & lifecycle.held(source),
        need.visits - lifecycle.offered(source),
    )
    queue: list[tuple[int, int, int, Marking, _Duties, tuple[Move, ...]]] = [
        (0, 0, 0, source, begun, ())
    ]
    settled: set[tuple[Marking, _Duties]] = set()
    order = 0
    while queue and len(settled) < MOST_STATES:
        cost, _, _, marking, duties, moves = heapq.heappop(queue)
        if (marking, duties) in settled:
            continue
        settled.add((marking, duties))
        if _is_done(duties, need) and _ends_well(lifecycle, marking, need):
            return Path(moves=moves, source=source, target=marking)
        for move in lifecycle.moves(marking):
            if need.closed and need.closed & (move.acquires | move.reads):
                continue
            after = _discharge(duties, move, need, together=together)
            if (move.target, after) in settled:
                continue
            order += 1
            heapq.heappush(
                queue,
                (
                    cost + round(move.duration_s * NANOSECONDS),
                    len(moves) + 1,
                    order,
                    move.target,
                    after,
                    (*moves, move),
                ),
            )
    return None


def _discharge(duties: _Duties, move: Move, need: Need, *, together: bool) -> _Duties:
    run_count, to_release, to_visit = duties
    if run_count < len(need.runs) and move.behaviour == need.runs[run_count]:
        run_count += 1
    if to_release:
        if together:
            if any(to_release <= free for free in move.free_sets):
                to_release = frozenset()
        else:
            to_release = to_release.difference(*move.free_sets)
    return run_count, to_release, to_visit - move.offers - move.serves


def _is_done(duties: _Duties, need: Need) -> bool:
    run_count, to_release, to_visit = duties
    return run_count == len(need.runs) and not to_release and not to_visit


def _ends_well(lifecycle: Lifecycle, marking: Marking, need: Need) -> bool:
    return (
        need.state <= marking
        and (need.exact is None or need.exact == marking)
        and need.provides <= lifecycle.offered(marking)
        and not need.free & lifecycle.held(marking)
    )


def _listed(names: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
