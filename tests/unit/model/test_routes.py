"""Routes: out of documents, their names in a deployment, their addresses."""

import pytest

from ripieno.model import reading_applications, route
from ripieno.model.application import Application
from ripieno.model.errors import ApplicationError, DocumentError
from ripieno.model.route import Mode, PublicAddress, Route

HEAD = """
name: shop
version: 1.0.0
parameters:
  properties:
    who: {type: string, default: neuro}
components:
  web: {type: service, image: a, tcp_ports: {http: 80, admin_panel: 81}}
  api: {type: service, image: a, tcp_ports: {http: 80}}
  mail: {type: external, address: {host: mail.example.org, tcp_ports: {web: 443}}}
routes:
"""


def read(routes: str, **values: object) -> Application:
    application = reading_applications.application(HEAD + routes, "f.yaml")
    return reading_applications.resolve(application, values)


def test_a_route_has_a_mode_a_name_and_who_may_come_in() -> None:
    found = read(
        '  - {component: web, tcp_port: http, access: ["group:${parameters.who}", public], '
        "name: my-shop, mode: strip, path: /lab?x=1, idle_stop_min: 30, lifetime_h: 8, "
        "sticky: true}\n",
        who="bio",
    )
    assert found.routes == (
        Route(
            component="web",
            tcp_port="http",
            access=("group:bio", "public"),
            name="my-shop",
            mode=Mode.STRIP,
            path="/lab?x=1",
            idle_stop_min=30,
            lifetime_h=8,
            is_sticky=True,
        ),
    )


def test_what_is_external_can_have_a_route() -> None:
    (found,) = read("  - {component: mail, tcp_port: web}\n").routes
    assert (found.component, found.mode, found.path, found.access) == ("mail", Mode.HOST, "/", ())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("component: web", "f.yaml:12: routes[0]: a route leads to a component's tcp_port"),
        ("component: wbe, tcp_port: http", "routes[0].component: there is no component 'wbe'"),
        ("component: web, tcp_port: htp", "web has no tcp_port 'htp'"),
        ("component: web, tcp_port: http, name: ../up", "'../up' cannot be the name of a route"),
        ("component: web, tcp_port: http, name: .ripieno", "cannot be the name of a route"),
        ("component: web, tcp_port: http, mode: hots", "routes[0].mode: 'hots' is unknown here"),
        ("component: web, tcp_port: http, access: [neuro]", "access: 'neuro' is nobody"),
        ("component: web, tcp_port: http, access: ['user:A b']", "cannot be the name of a user"),
        ("component: web, tcp_port: http, path: //evil.example", "is no path to begin at"),
        ("component: web, tcp_port: http, path: '/\\evil.example'", "is no path to begin at"),
        ("component: web, tcp_port: http, path: https://evil.example", "is no path to begin at"),
        ("component: web, tcp_port: http, path: /a/../b", "is no path to begin at"),
        ("component: web, tcp_port: http, idle_stop_min: 0", "idle_stop_min is 0; give minutes"),
        ("component: web, tcp_port: http, lifetime_h: -1", "lifetime_h is -1; give hours"),
        ("component: web, tcp_port: http, sticky: 1", "sticky: expected true or false"),
        ("component: web, tcp_port: http, title: 'A${host}'", "cannot be used in this field"),
        ("component: web, tcp_port: http, port: 80", "unknown field 'port'"),
    ],
)
def test_a_wrong_route_is_told_with_line_and_field(fields: str, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(f"  - {{{fields}}}\n")
    assert words in str(caught.value)


def test_a_tcp_port_has_one_route_at_most() -> None:
    line = "  - {component: web, tcp_port: http}\n"
    with pytest.raises(DocumentError, match="web has a route to http already"):
        read(line + line)


def test_a_single_route_is_called_like_its_deployment() -> None:
    routes = read("  - {component: web, tcp_port: http}\n").routes
    assert list(route.named(routes, "shop-1")) == ["shop-1"]


def test_several_routes_are_called_after_their_components_and_ports() -> None:
    routes = read(
        "  - {component: web, tcp_port: http}\n"
        "  - {component: web, tcp_port: admin_panel}\n"
        "  - {component: api, tcp_port: http}\n"
        "  - {component: mail, tcp_port: web, name: post}\n"
    ).routes
    assert list(route.named(routes, "s")) == ["s-web-http", "s-web-admin-panel", "s-api", "post"]


def test_two_routes_of_one_name_are_refused() -> None:
    routes = read(
        "  - {component: web, tcp_port: http}\n  - {component: api, tcp_port: http, name: s}\n"
    ).routes
    with pytest.raises(ApplicationError, match="there are two routes 's'"):
        route.named(routes, "s")


def test_a_made_up_name_that_is_too_long_for_dns_is_refused() -> None:
    routes = read(
        "  - {component: web, tcp_port: http}\n  - {component: api, tcp_port: http}\n"
    ).routes
    with pytest.raises(ApplicationError, match="at most 63"):
        route.named(routes, "s" * 62)


def test_routes_survive_being_stored() -> None:
    routes = read(
        "  - {component: web, tcp_port: http}\n"
        "  - {component: api, tcp_port: http, access: [everyone], name: x, mode: keep, title: T, "
        "path: /a, idle_stop_min: 1.5, lifetime_h: 2, sticky: true}\n"
    ).routes
    assert tuple(route.from_json(route.to_json(each)) for each in routes) == routes


def test_an_address_has_parts() -> None:
    by_host = PublicAddress(url="http://shop.localhost:8643/")
    assert by_host.parts() == {
        "url": "http://shop.localhost:8643/",
        "path": "/",
        "host": "shop.localhost:8643",
        "origin": "http://shop.localhost:8643",
    }
    assert PublicAddress(url="https://apps.example.org/shop/").path == "/shop/"


def test_a_component_may_refer_to_its_route_and_to_nothing_else_of_it() -> None:
    text = HEAD.replace(
        "image: a, tcp_ports: {http: 80, ",
        "image: a, env: {A: '${route.X}'}, tcp_ports: {http: 80, ",
    )
    for part in ("url", "path", "host", "origin"):
        reading_applications.application(text.replace("X", part) + "  []\n")
    with pytest.raises(DocumentError, match=r"there is no 'route.port'"):
        reading_applications.application(text.replace("X", "port") + "  []\n")
