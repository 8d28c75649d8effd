"""What routes and a server say together of how long a deployment may stay up."""

import math

import pytest

from ripieno.model.route import Route
from ripieno.model.stay import Stay, Terms, stay_of


def route(idle: float | None = None, life: float | None = None) -> Route:
    return Route(component="web", tcp_port="http", idle_stop_min=idle, lifetime_h=life)


NOTHING = Terms()


@pytest.mark.parametrize(
    ("routes", "terms", "stay"),
    [
        ([route()], NOTHING, Stay()),
        ([route(30)], NOTHING, Stay(idle_s=1800)),
        ([route(0.05, 0.5)], NOTHING, Stay(idle_s=3, lifetime_s=1800)),
        # The most patient one decides how long it may be unused, the strictest how long it lives.
        ([route(10, 8), route(30, 2), route()], NOTHING, Stay(idle_s=1800, lifetime_s=7200)),
        # A server speaks for routes that say nothing, and has the last word.
        ([route()], Terms(idle_stop_min=5, lifetime_h=1), Stay(idle_s=300, lifetime_s=3600)),
        ([route(30)], Terms(idle_stop_min=5), Stay(idle_s=1800)),
        ([route(30)], Terms(most_idle_stop_min=10), Stay(idle_s=600)),
        ([route(5)], Terms(most_idle_stop_min=10), Stay(idle_s=300)),
        ([route()], Terms(most_lifetime_h=24), Stay(lifetime_s=86400)),
        ([route(life=48)], Terms(lifetime_h=8, most_lifetime_h=24), Stay(lifetime_s=86400)),
        # Nobody visits what has no route.
        ([], Terms(idle_stop_min=5, most_lifetime_h=1), Stay()),
    ],
)
def test_routes_and_server_decide_together(routes: list[Route], terms: Terms, stay: Stay) -> None:
    assert stay_of(routes, terms) == stay
    assert stay.is_endless == (stay == Stay())


def test_a_life_can_be_extended_without_end_unless_the_server_says_so() -> None:
    assert NOTHING.most_lifetime_s == math.inf
    assert Terms(most_lifetime_h=2).most_lifetime_s == 7200
