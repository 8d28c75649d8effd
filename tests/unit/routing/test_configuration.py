"""What Traefik is told: pure, out of routes."""

import dataclasses
import json
from typing import Any

import pytest

from ripieno.model.route import Mode
from ripieno.routing import traefik_static
from ripieno.routing.base import Addresses, Endpoint, OpenRoute
from ripieno.routing.traefik import HOST, INSIDE, PREFIX, REPLACED, Layout, dynamic
from ripieno.routing.traefik_static import Acme, Start

ADDRESSES = Addresses(domain="apps.example.org", host_port=8643, prefix_port=8644)
LAYOUT = Layout(
    addresses=ADDRESSES,
    server_url="http://127.0.0.1:8642",
    inside_url="http://127.0.0.1:9999",
    key="k3y",
    frames=("https://ripieno.example.org",),
)
ONE = (Endpoint(host="127.0.0.1", port=20000),)
START = Start(
    host_address="127.0.0.1:8643",
    prefix_address="127.0.0.1:8644",
    inside_address="127.0.0.1:9999",
    folder="/state/door/routes",
    domain="apps.example.org",
    storage="/state/door/certificates.json",
)


def http(*routes: OpenRoute) -> dict[str, Any]:
    found = dynamic(routes, LAYOUT, "g1")
    assert json.loads(json.dumps(found)) == found
    configured: dict[str, Any] = found["http"]
    return configured


def test_every_name_that_is_used_is_there() -> None:
    found = http(
        OpenRoute(name="a", endpoints=ONE),
        OpenRoute(name="b", mode=Mode.STRIP, endpoints=ONE),
        OpenRoute(name="c", mode=Mode.KEEP),
    )
    for name, router in found["routers"].items():
        for middleware in router.get("middlewares", ()):
            assert middleware in found["middlewares"], name
        assert router["service"] in {*found["services"], "ping@internal"}, name
    for service in found["services"].values():
        transport = service["loadBalancer"].get("serversTransport")
        assert transport is None or transport in found["serversTransports"]


def test_every_router_that_leads_to_an_application_asks_the_server_first() -> None:
    routes = [
        OpenRoute(name=f"r-{mode}-{len(ends)}", mode=mode, endpoints=ends)
        for mode in Mode
        for ends in ((), ONE)
    ]
    found = http(*routes)
    names = {each.name for each in routes}
    leading = {n: r for n, r in found["routers"].items() if r["service"] in names}
    assert leading
    for name, router in leading.items():
        first = router["middlewares"][0]
        asked = found["middlewares"][first]["forwardAuth"]
        assert asked["address"] == f"http://127.0.0.1:9999/door/k3y/check/{name}"
        assert set(REPLACED) <= set(asked["authResponseHeaders"])
        assert "trustForwardHeader" not in asked or not asked["trustForwardHeader"]


def test_what_is_said_of_who_comes_is_replaced_in_all_spellings() -> None:
    assert {"Cookie", "Authorization", "X-Forwarded-User", "X-Forwarded-Groups"} <= set(REPLACED)
    assert {"X_Forwarded_User", "X-Forwarded_User", "X_Forwarded-Groups"} <= set(REPLACED)
    assert len(REPLACED) == len({each.lower() for each in REPLACED}) == 2 + 4 + 4


def test_a_route_by_host_is_on_its_own_entry_point() -> None:
    found = http(OpenRoute(name="viewer", endpoints=ONE))
    router = found["routers"]["viewer"]
    assert router["entryPoints"] == [HOST]
    assert router["rule"] == "Host(`viewer.apps.example.org`)"
    assert found["services"]["viewer"]["loadBalancer"]["servers"] == [
        {"url": "http://127.0.0.1:20000"}
    ]


@pytest.mark.parametrize(("mode", "is_stripped"), [(Mode.STRIP, True), (Mode.KEEP, False)])
def test_a_route_by_prefix_is_asked_about_before_its_prefix_is_taken_off(
    mode: Mode, is_stripped: bool
) -> None:
    found = http(OpenRoute(name="viewer", mode=mode, endpoints=ONE))
    router = found["routers"]["viewer"]
    assert router["entryPoints"] == [PREFIX]
    paths = "Path(`/viewer`) || PathPrefix(`/viewer/`)"
    assert router["rule"] == f"Host(`apps.example.org`) && ({paths})"
    assert ("viewer_strip" in router["middlewares"]) is is_stripped
    if is_stripped:
        middlewares = router["middlewares"]
        assert middlewares.index("viewer_check") < middlewares.index("viewer_strip")
        assert found["middlewares"]["viewer_strip"] == {"stripPrefix": {"prefixes": ["/viewer"]}}


def test_the_referer_counts_less_than_the_name_of_any_route() -> None:
    routers = http(
        OpenRoute(name="a", mode=Mode.STRIP, endpoints=ONE),
        OpenRoute(name="b", mode=Mode.KEEP, endpoints=ONE),
    )["routers"]
    rescued = [r["priority"] for n, r in routers.items() if n.endswith("_rescue")]
    named = [routers["a"]["priority"], routers["b"]["priority"]]
    assert routers["nothing_here"]["priority"] < min(rescued) <= max(rescued) < min(named)
    assert routers["a_rescue"]["rule"] == (
        "Host(`apps.example.org`) && HeaderRegexp(`Referer`, `^https?://[^/]+/a(/|$)`)"
    )


def test_who_waits_is_shown_a_page_and_keeps_the_counters() -> None:
    found = http(OpenRoute(name="viewer"))
    router = found["routers"]["viewer"]
    assert router["middlewares"][:2] == ["viewer_check", "viewer_page"]
    assert found["middlewares"]["viewer_page"]["addPrefix"]["prefix"] == "/door/k3y/page/viewer"
    assert found["services"]["viewer"]["loadBalancer"]["servers"] == []


def test_replicas_share_the_load_and_may_be_on_ipv6() -> None:
    endpoints = (Endpoint(host="10.0.0.1", port=80), Endpoint(host="fd00::1", port=81))
    found = http(OpenRoute(name="viewer", endpoints=endpoints))
    assert found["services"]["viewer"]["loadBalancer"]["servers"] == [
        {"url": "http://10.0.0.1:80"},
        {"url": "http://[fd00::1]:81"},
    ]


def test_a_sticky_route_has_a_cookie_of_its_own() -> None:
    plain, sticky = (
        http(OpenRoute(name="viewer", endpoints=ONE, is_sticky=each))["services"]["viewer"]
        for each in (False, True)
    )
    assert "sticky" not in plain["loadBalancer"]
    cookie = sticky["loadBalancer"]["sticky"]["cookie"]
    assert cookie["name"] == "ripieno_replica_viewer" and cookie["httpOnly"]
    assert (cookie["secure"], cookie["sameSite"]) in ((True, "none"), (False, "lax"))


def test_applications_may_be_framed_by_the_server_and_themselves() -> None:
    headers = http()["middlewares"]["frames_allowed"]["headers"]["customResponseHeaders"]
    assert headers == {
        "X-Frame-Options": "",
        "Content-Security-Policy": "frame-ancestors 'self' https://ripieno.example.org",
    }


def test_a_generation_answers_on_the_inside_only() -> None:
    router = http()["routers"]["inside_generation"]
    assert router == {
        "entryPoints": [INSIDE],
        "rule": "Path(`/generation/g1`)",
        "service": "ping@internal",
    }


def test_own_certificates_are_told() -> None:
    layout = dataclasses.replace(LAYOUT, certificates=(("/c.pem", "/k.pem"),))
    files = {"certFile": "/c.pem", "keyFile": "/k.pem"}
    assert dynamic((), layout, "g")["tls"] == {
        "certificates": [files],
        "stores": {"default": {"defaultCertificate": files}},
    }
    assert "tls" not in dynamic((), LAYOUT, "g")


def test_uploads_may_take_as_long_as_they_like() -> None:
    found = traefik_static.static(START)
    for name in (HOST, PREFIX):
        timeouts = found["entryPoints"][name]["transport"]["respondingTimeouts"]
        assert (timeouts["readTimeout"], timeouts["writeTimeout"]) == ("0s", "0s")
        assert "tls" not in found["entryPoints"][name]["http"]
        assert "forwardedHeaders" not in found["entryPoints"][name]
    assert found["providers"]["file"] == {"directory": "/state/door/routes", "watch": True}
    assert found["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}


@pytest.mark.parametrize(
    ("challenge", "told", "by_host"),
    [
        ("tls", {"tlsChallenge": {}}, []),
        ("http", {"httpChallenge": {"entryPoint": "ripieno-plain"}}, []),
        (
            "dns:gandiv5",
            {"dnsChallenge": {"provider": "gandiv5"}},
            [{"main": "apps.example.org", "sans": ["*.apps.example.org"]}],
        ),
    ],
)
def test_certificates_can_be_fetched(
    challenge: str, told: dict[str, Any], by_host: list[Any]
) -> None:
    acme = Acme(email="ops@example.org", challenge=challenge, server="https://ca.example.org")
    found = traefik_static.static(dataclasses.replace(START, is_tls=True, acme=acme))
    assert found["certificatesResolvers"] == {
        "ripieno": {
            "acme": {
                "email": "ops@example.org",
                "storage": "/state/door/certificates.json",
                "caServer": "https://ca.example.org",
                **told,
            }
        }
    }
    entry_points = found["entryPoints"]
    assert entry_points[HOST]["http"]["tls"] == {"certResolver": "ripieno", "domains": by_host}
    assert entry_points[PREFIX]["http"]["tls"]["domains"] == [{"main": "apps.example.org"}]
    assert ("ripieno-plain" in entry_points) is (challenge == "http")


@pytest.mark.parametrize(
    ("addresses", "by_host", "by_prefix", "is_trustworthy"),
    [
        (
            Addresses(domain="localhost", host_port=8643, prefix_port=8644),
            "http://a.localhost:8643/",
            "http://localhost:8644/a/",
            True,
        ),
        (
            Addresses(domain="lab.example.org", host_port=80, prefix_port=8080),
            "http://a.lab.example.org/",
            "http://lab.example.org:8080/a/",
            False,
        ),
        (
            Addresses(domain="lab.example.org", host_port=443, prefix_port=444, is_tls=True),
            "https://a.lab.example.org/",
            "https://lab.example.org:444/a/",
            True,
        ),
    ],
)
def test_addresses_are_as_browsers_write_them(
    addresses: Addresses, by_host: str, by_prefix: str, is_trustworthy: bool
) -> None:
    assert addresses.public("a", Mode.HOST).url == by_host
    assert addresses.public("a", Mode.STRIP).url == addresses.public("a", Mode.KEEP).url
    assert addresses.public("a", Mode.KEEP).url == by_prefix
    assert addresses.is_trustworthy is is_trustworthy
    assert by_host.replace("//a.", "//*.").rstrip("/") in addresses.origins


def test_plain_http_leads_to_https_at_the_same_host_only() -> None:
    layout = dataclasses.replace(LAYOUT, has_plain=True)
    found = dynamic((), layout, "g")["http"]
    routers = {n: r for n, r in found["routers"].items() if r["entryPoints"] == ["ripieno-plain"]}
    assert {each["rule"] for each in routers.values()} == {
        r"HostRegexp(`^[a-z0-9-]+\.apps\.example\.org$`)",
        "Host(`apps.example.org`)",
    }
    for name, port in (("hosts_to_https", "8643"), ("prefixes_to_https", "8644")):
        assert found["middlewares"][name] == {"redirectScheme": {"scheme": "https", "port": port}}
    assert "hosts_to_https" not in http()["routers"]
    start = dataclasses.replace(START, is_tls=True, plain_address="127.0.0.1:80")
    assert traefik_static.static(start)["entryPoints"]["ripieno-plain"] == {
        "address": "127.0.0.1:80"
    }


def test_headers_that_only_look_like_others_do_not_come_in() -> None:
    found = traefik_static.static(START)["entryPoints"]
    for name in (HOST, PREFIX):
        assert found[name]["http"]["aliasHeadersStrategy"] == "delete"
