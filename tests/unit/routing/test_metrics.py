"""What Traefik counts, added up."""

from ripieno.routing.base import Counters
from ripieno.routing.metrics import Tally, read

TEXT = """\
# HELP traefik_service_requests_total How many HTTP requests processed on a service.
# TYPE traefik_service_requests_total counter
traefik_service_requests_total{code="200",method="GET",protocol="http",service="web@file"} 3
traefik_service_requests_total{code="404",method="GET",protocol="http",service="web@file"} 2
traefik_service_requests_total{code="200",method="GET",protocol="http",service="web-2@http"} 7
traefik_service_requests_total{code="200",method="GET",protocol="http",service="ping@internal"} 7
traefik_service_request_duration_seconds_bucket{code="200",method="GET",service="web@file",le="1"} 9
traefik_service_request_duration_seconds_sum{code="200",method="GET",service="web@file"} 1.5e-01
traefik_service_request_duration_seconds_count{code="200",method="GET",service="web@file"} 9
traefik_service_requests_bytes_total{code="200",method="PUT",service="web@file"} 1.073741824e+09
traefik_service_responses_bytes_total{code="200",method="GET",service="web@file"} 11
traefik_open_connections{entrypoint="ripieno-host",protocol="TCP"} 4
go_goroutines 8
"""


def test_counters_are_summed_over_codes_and_methods() -> None:
    found = read(TEXT)
    assert found == {
        "web": Counters(requests=5, seconds=0.15, bytes_in=1073741824, bytes_out=11),
        "web-2": Counters(requests=7),
    }


def test_sums_do_not_fall_when_traefik_begins_anew() -> None:
    tally = Tally()
    before = {"web": Counters(requests=5, seconds=1.0, bytes_in=10, bytes_out=100)}
    after = {"web": Counters(requests=2, seconds=0.5, bytes_in=1, bytes_out=10)}
    assert tally.add(["web"], before, {})["web"].requests == 5
    found = tally.add(["web"], after, {"web": 3})["web"]
    assert found == Counters(requests=7, seconds=1.5, bytes_in=11, bytes_out=110, connections=3)
    assert tally.add(["web"], {}, {})["web"].requests == 7
    assert tally.add(["web"], after, {})["web"].requests == 9


def test_a_route_that_is_gone_is_forgotten() -> None:
    tally = Tally()
    tally.add(["web"], {"web": Counters(requests=5)}, {})
    assert tally.add([], {"web": Counters(requests=5)}, {}) == {}
    assert tally.add(["web"], {"web": Counters(requests=5)}, {})["web"].requests == 5
