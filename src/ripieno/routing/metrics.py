"""What Traefik counts, out of the text of its metrics. Pure.

Traefik forgets the counts of a service that is gone and of everything when it is started anew;
`Tally` adds up what it has seen, so that its sums never fall.
"""

import dataclasses
import re
from collections.abc import Collection, Mapping

from ripieno.routing.base import Counters

_LINE = re.compile(
    r'traefik_service_(\w+)\{(?:[^}]*,)?service="([^"@]+)@(?:file|http)"[^}]*\} ([0-9.eE+-]+)\s*$',
    re.MULTILINE,
)
"""A service is called after where Traefik was told of it: in a file, or over HTTP."""

_FIELDS = {
    "requests_total": "requests",
    "request_duration_seconds_sum": "seconds",
    "requests_bytes_total": "bytes_in",
    "responses_bytes_total": "bytes_out",
}


def read(text: str) -> dict[str, Counters]:
    """The counters of each service, which is called as its route, as they are at the moment."""
    sums: dict[str, dict[str, float]] = {}
    for metric, service, value in _LINE.findall(text):
        field = _FIELDS.get(metric)
        if field is not None:
            of_service = sums.setdefault(service, {})
            of_service[field] = of_service.get(field, 0.0) + float(value)
    return {
        service: Counters(
            requests=int(found.get("requests", 0)),
            seconds=found.get("seconds", 0.0),
            bytes_in=int(found.get("bytes_in", 0)),
            bytes_out=int(found.get("bytes_out", 0)),
        )
        for service, found in sums.items()
    }


class Tally:
    """Sums over restarts of Traefik, by route."""

    def __init__(self) -> None:
        self._last: dict[str, Counters] = {}
        self._sums: dict[str, Counters] = {}

    def add(
        self, routes: Collection[str], seen: Mapping[str, Counters], open_now: Mapping[str, int]
    ) -> dict[str, Counters]:
        """The sums for these routes, with what is seen now; others are forgotten."""
        sums = {}
        last = {}
        for route in routes:
            now = seen.get(route, Counters())
            before = self._last.get(route, Counters())
            if now.requests < before.requests or now.bytes_out < before.bytes_out:
                before = Counters()
            known = self._sums.get(route, Counters())
            sums[route] = Counters(
                requests=known.requests + now.requests - before.requests,
                seconds=known.seconds + max(0.0, now.seconds - before.seconds),
                bytes_in=known.bytes_in + max(0, now.bytes_in - before.bytes_in),
                bytes_out=known.bytes_out + now.bytes_out - before.bytes_out,
            )
            last[route] = now
        self._last, self._sums = last, sums
        return {
            route: dataclasses.replace(each, connections=open_now.get(route, 0))
            for route, each in sums.items()
        }
