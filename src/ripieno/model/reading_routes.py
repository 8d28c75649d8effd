"""Routes out of an application's document.

Called by `reading_applications`, which has read the components that they lead to.
"""

from collections.abc import Mapping, Sequence

from ripieno.model.application import ComponentDefinition
from ripieno.model.errors import ApplicationError
from ripieno.model.node import Node, did_you_mean, listed, quoted
from ripieno.model.reading_fields import Fields, located, static_text
from ripieno.model.route import MOST_ROUTES, Mode, Route

_FIELDS = frozenset(
    (
        "component",
        "tcp_port",
        "access",
        "name",
        "mode",
        "title",
        "path",
        "idle_stop_min",
        "lifetime_h",
        "sticky",
        "note",
    )
)
_MOST_TITLE = 200
_MOST_ACCESS = 1000


def read_routes(
    nodes: Sequence[Node], components: Mapping[str, ComponentDefinition], *, is_open: bool
) -> tuple[Route, ...]:
    """The routes. Raises: `DocumentError` with line and field."""
    if len(nodes) > MOST_ROUTES:
        raise nodes[MOST_ROUTES].error(f"there are more than {MOST_ROUTES} routes; divide it")
    found: list[Route] = []
    for each in nodes:
        route = _read(each, is_open=is_open)
        if not is_open:
            _check_target(each, route, components)
        if any(
            (known.component, known.tcp_port) == (route.component, route.tcp_port)
            for known in found
        ):
            raise each.error(
                f"{route.component} has a route to {route.tcp_port} already; take one out"
            )
        found.append(route)
    return tuple(found)


def _read(node: Node, *, is_open: bool) -> Route:
    fields = Fields(node, _FIELDS, is_open=is_open)
    component, tcp_port = fields.static("component"), fields.static("tcp_port")
    if not (component and tcp_port):
        raise node.error("a route leads to a component's tcp_port; give both")
    access = fields.items("access")
    if len(access) > _MOST_ACCESS:
        raise access[_MOST_ACCESS].error(f"access lists more than {_MOST_ACCESS}; make a group")
    title = fields.static("title")
    if len(title) > _MOST_TITLE:
        raise node.at(("title",)).error(
            f"title has {len(title)} characters; give at most {_MOST_TITLE}"
        )
    try:
        return Route(
            component=component,
            tcp_port=tcp_port,
            access=tuple(static_text(each, is_open=is_open) for each in access),
            name=fields.static("name"),
            mode=fields.choice("mode", Mode, Mode.HOST),
            title=title,
            path=fields.static("path", "/"),
            idle_stop_min=fields.number("idle_stop_min"),
            lifetime_h=fields.number("lifetime_h"),
            is_sticky=fields.flag("sticky"),
        )
    except ApplicationError as problem:
        raise located(node, problem) from problem


def _check_target(node: Node, route: Route, components: Mapping[str, ComponentDefinition]) -> None:
    definition = components.get(route.component)
    if definition is None:
        raise node.at(("component",)).error(
            f"there is no component {quoted(route.component)}"
            f"{did_you_mean(route.component, components)}; components are "
            f"{listed(components, most=20)}"
        )
    ports: Mapping[str, int] = {}
    if definition.workload is not None:
        ports = definition.workload.tcp_ports
    elif definition.address is not None:
        ports = definition.address.tcp_ports
    if route.tcp_port not in ports:
        raise node.at(("tcp_port",)).error(
            f"{route.component} has no tcp_port {quoted(route.tcp_port)}"
            f"{did_you_mean(route.tcp_port, ports)}; it has {listed(ports)}"
        )
