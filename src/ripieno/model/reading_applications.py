"""Applications out of documents, and what becomes of them when their parameters have values.

`application` reads what is published; `resolve` makes what can be deployed. Both give errors the
line and the field they are about, whatever parameters and `for_each` have made of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from ripieno.model import (
    document,
    parameters,
    reading_configurations,
    reading_presentation,
    words,
)
from ripieno.model.application import (
    BUILTIN_KINDS,
    Application,
    ComponentDefinition,
    check_identity,
)
from ripieno.model.component_type import ComponentType, Value
from ripieno.model.configuration import Configuration
from ripieno.model.errors import (
    ApplicationError,
    DocumentError,
    InvalidParameter,
    UnknownConfiguration,
)
from ripieno.model.node import Node, did_you_mean, listed, quoted
from ripieno.model.presentation import Presentation
from ripieno.model.reading_components import read_component
from ripieno.model.reading_connections import check_assembly, read_connection
from ripieno.model.reading_fields import Fields, located, static_text, whole_number
from ripieno.model.reading_routes import read_routes
from ripieno.model.reading_types import read_component_types
from ripieno.model.substitution import PutIn, Substitution, samples_put_in, values_put_in

MOST_BYTES = 1024 * 1024
"""The longest document of an application, in bytes of UTF-8."""

MOST_COMPONENTS = 10_000
"""The most components, with those that `for_each` makes."""

_FIELDS = (
    frozenset(
        (
            "name",
            "version",
            "note",
            "parameters",
            "components",
            "component_types",
            "connections",
            "routes",
            "jobs",
            "configurations",
        )
    )
    | reading_presentation.FIELDS
)

_OF_OTHERS = {
    "services": "this is a Compose file, and no application; ripieno app import-compose makes a "
    "draft of it",
    "command-line": "this is a Boutiques descriptor, and no application; ripieno app "
    "import-boutiques makes a draft of it",
}
"""What is said of a document of another kind, by a field that it cannot do without."""


def application(text: str, source: str = "") -> Application:
    """The application that a document describes; `source` is the file's name, for messages.

    It is open: see `Application`. Where its defaults are all it takes, it is checked with them.
    Raises: `DocumentError` that begins with file, line and field.
    """
    fields = _document(text, source)
    schema = _schema(fields)
    declared = parameters.properties(schema)
    samples = {name: parameters.sample(each) for name, each in declared.items()}
    reading = _Reading(
        fields=fields,
        schema=schema,
        put_in=samples_put_in(declared, samples),
        values=None,
        text=text,
    )
    found = _read(reading)
    if parameters.defaults_suffice(schema):
        resolve(found, {}, source=source)
    return found


def outline(text: str, source: str = "") -> tuple[str, str, Presentation]:
    """The name, the version and the presentation in a document that may have gaps elsewhere.

    Raises: `DocumentError`, also for a name or version that is none.
    """
    fields = _document(text, source)
    name, version = _header(fields, "name", 100), _header(fields, "version", 250)
    try:
        check_identity(name, version)
    except ApplicationError as problem:
        raise located(fields.node, problem) from problem
    return name, version, reading_presentation.read_presentation(fields)


def resolve(
    application: Application,
    values: Mapping[str, Value],
    *,
    configuration: str | None = None,
    source: str = "",
) -> Application:
    """The application with its parameters put in and its `for_each` expanded.

    `values` are what is given; others are those of the configuration, or have their default. What
    is known only when a component is started stays a reference. Raises: `InvalidParameter` that
    names the parameter; `UnknownConfiguration`; `DocumentError` with line and field where a value
    does not fit in.
    """
    fields = _document(application.document, source)
    schema = _schema(fields)
    chosen = _chosen(application, configuration) if configuration else None
    complete = parameters.complete(schema, {**chosen.parameters, **values} if chosen else values)
    declared = parameters.properties(schema)
    reading = _Reading(
        fields=fields,
        schema=schema,
        put_in=values_put_in(declared, complete),
        values=complete,
        text=application.document,
        configuration=configuration or "",
        configurations=application.configurations,
    )
    return _read(reading)


def stating(application: Application, field: str) -> frozenset[str]:
    """The components of a resolved application in whose entries a field is written."""
    entries = Fields(document.parse(application.document), _FIELDS, is_open=True).entries(
        "components"
    )
    writing = {name for name, each in entries.items() if field in each.mapping()}
    return frozenset(
        name
        for name in application.components
        if name in writing
        or (name not in entries and any(name.startswith(f"{each}-") for each in writing))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """One reading of a document: open without `values`, settled with them.

    `configuration` is what is put over it, `configurations` what was read of them before.
    """

    fields: Fields
    schema: Mapping[str, Value]
    put_in: PutIn
    values: Mapping[str, Value] | None
    text: str
    configuration: str = ""
    configurations: Mapping[str, Configuration] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.values is None

    @property
    def declared(self) -> Mapping[str, Mapping[str, Value]]:
        return parameters.properties(self.schema)

    def each_put_in(self, item: Value) -> PutIn:
        assert self.values is not None
        return values_put_in(self.declared, self.values, item)


def _document(text: str, source: str) -> Fields:
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MOST_BYTES:
        raise DocumentError(
            f"the application has {size_bytes} bytes, and at most {MOST_BYTES} are read; put "
            "contents into files",
            source=source,
        )
    node = document.parse(text, source)
    if not node.is_mapping:
        raise node.error("an application is a mapping; give at least name, version and components")
    entries = node.mapping()
    for field_of_others, told in _OF_OTHERS.items():
        if field_of_others in entries and "components" not in entries:
            raise node.error(told)
    return Fields(node, _FIELDS, is_open=True)


def _schema(fields: Fields) -> Mapping[str, Value]:
    node = fields.text_node("parameters")
    if node is None:
        return {}
    schema = node.plain()
    try:
        parameters.check_schema(schema)
    except InvalidParameter as problem:
        raise located(node, problem) from problem
    return cast(Mapping[str, Value], schema)


def _read(reading: _Reading) -> Application:
    fields = reading.fields
    substitution = Substitution()
    types = _types(reading, substitution)
    overrides = reading_configurations.overrides(fields)
    components: dict[str, ComponentDefinition] = {}
    places: dict[str, Node] = {}
    over = overrides.get(reading.configuration, {})
    for name, node in _components(reading, substitution, over):
        if name in components:
            raise node.error(f"there are two components {quoted(name)}; rename one of them")
        if len(components) >= MOST_COMPONENTS:
            raise node.error(f"there are more than {MOST_COMPONENTS} components; divide it")
        places[name] = node
        components[name] = read_component(name, node, types, is_open=reading.is_open)
    connections = tuple(
        read_connection(each) for each in _items(reading, substitution, "connections")
    )
    routes = read_routes(
        _items(reading, substitution, "routes"), components, is_open=reading.is_open
    )
    try:
        found = Application(
            name=_header(fields, "name", 100),
            version=_header(fields, "version", 250),
            presentation=reading_presentation.read_presentation(fields),
            parameters=reading.schema,
            components=components,
            component_types=types,
            connections=connections,
            routes=routes,
            jobs=_jobs(reading, substitution),
            configurations=_configurations(reading, substitution, types, overrides)
            if reading.is_open
            else reading.configurations,
            document=reading.text,
            is_open=reading.is_open,
        )
    except ApplicationError as problem:
        raise located(fields.node, problem) from problem
    if not reading.is_open:
        check_assembly(found, places, fields)
    return found


def _header(fields: Fields, name: str, most: int) -> str:
    node = fields.text_node(name)
    if node is None:
        raise fields.node.error(f"the field {name!r} is missing; give the application one")
    # A version such as 1.10 is a number to YAML; it is refused as a version, as it is written.
    text = (node.written or "") if name == "version" else node.text()
    if len(text) > most:
        raise node.error(f"{name} has {len(text)} characters; give at most {most}")
    return text


def _types(reading: _Reading, substitution: Substitution) -> dict[str, ComponentType]:
    node = reading.fields.text_node("component_types")
    if node is None:
        return {}
    types = read_component_types(substitution.apply(node, reading.put_in))
    for name in types:
        if name in BUILTIN_KINDS or "/" in name:
            raise node.at((name,)).error(
                f"a component type cannot be called {quoted(name)}; those of Ripieno are "
                f"{listed(BUILTIN_KINDS)}, and names have no slash"
            )
    return types


def _chosen(application: Application, name: str) -> Configuration:
    if name not in application.configurations:
        raise UnknownConfiguration(
            f"{application.name} has no configuration {quoted(name)}"
            f"{did_you_mean(name, application.configurations)}; there are "
            f"{listed(application.configurations, most=20)}"
        )
    return application.configurations[name]


def _configurations(
    reading: _Reading,
    substitution: Substitution,
    types: Mapping[str, ComponentType],
    overrides: Mapping[str, Mapping[str, Node]],
) -> dict[str, Configuration]:
    """The configurations of an open application, each tried on the components it is about."""
    entries = reading.fields.entries("components")
    for over in overrides.values():
        for name, node in over.items():
            tried = _ready(reading, substitution, entries[name], reading.put_in, node)
            read_component(name, tried, types, is_open=True)
    settled = {
        configuration: {
            name: _ready(reading, substitution, node, reading.put_in) for name, node in over.items()
        }
        for configuration, over in overrides.items()
    }
    return reading_configurations.read(reading.fields, reading.schema, settled)


def _ready(
    reading: _Reading,
    substitution: Substitution,
    node: Node,
    put_in: PutIn,
    over: Node | None = None,
) -> Node:
    """A node with everything put in that is known, and a configuration's put over it."""
    expanded = words.expanded(node, reading.values, reading.declared)
    found = substitution.apply(expanded, put_in)
    if over is None:
        return found
    return reading_configurations.put_over(found, _ready(reading, substitution, over, put_in))


def _components(
    reading: _Reading, substitution: Substitution, over: Mapping[str, Node]
) -> Iterator[tuple[str, Node]]:
    """Names and nodes with everything put in that is known, `for_each` expanded if it is."""
    node = reading.fields.text_node("components")
    entries = node.by_name() if node is not None else {}
    if not entries:
        raise (node or reading.fields.node).error(
            "there are no components; give at least one under 'components', {name: {type: …}}"
        )
    for name, each in entries.items():
        items = each.mapping().get("for_each")
        put_over = over.get(name)
        if items is None:
            yield name, _ready(reading, substitution, each, reading.put_in, put_over)
        elif reading.is_open:
            substitution.apply(items, reading.put_in)
            yield name, _ready(reading, substitution, each, reading.put_in, put_over)
        else:
            for item in _items_of(substitution.apply(items, reading.put_in)):
                put_in = reading.each_put_in(item)
                yield (
                    f"{name}-{item}",
                    _ready(reading, substitution, each, put_in, put_over),
                )


def _items_of(node: Node) -> list[str | int]:
    """What a component is made for: texts and numbers, or as many as a number says."""
    if not node.is_list:
        count = whole_number(node)
        if not 0 <= count <= MOST_COMPONENTS:
            raise node.error(f"for_each is {count}; give a list, or 0 to {MOST_COMPONENTS}")
        return list(range(count))
    found: list[str | int] = []
    for each in node.items():
        item = each.value if type(each.value) is int else static_text(each, is_open=False)
        if item in found:
            raise each.error(f"{quoted(str(item))} is in the list twice; take one out")
        found.append(item)
    return found


def _items(reading: _Reading, substitution: Substitution, name: str) -> tuple[Node, ...]:
    node = reading.fields.text_node(name)
    return () if node is None else tuple(substitution.apply(node, reading.put_in).items())


def _jobs(reading: _Reading, substitution: Substitution) -> Mapping[str, Value]:
    node = reading.fields.text_node("jobs")
    if node is None:
        return {}
    jobs = substitution.apply(node, reading.put_in)
    for each in jobs.by_name().values():
        each.mapping()
    return cast(Mapping[str, Value], jobs.plain())
