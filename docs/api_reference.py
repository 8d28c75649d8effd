"""Writes the reference of the HTTP API from its OpenAPI document and the table of problems.

`python -m docs.api_reference` writes it to `docs/reference/api.md`; a test fails when that is out
of date.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from ripieno.api import problems
from ripieno.api.app import create_app
from ripieno.control.use_cases import UseCases

REFERENCE = Path(__file__).parent / "reference" / "api.md"

Schema = Mapping[str, Any]

_BEGIN = """\
# HTTP API

<!-- Written by python -m docs.api_reference from the OpenAPI document; do not edit. -->

"""

_PROBLEMS = """\
## Problems

An error is told as `application/problem+json`. Its `type` is `urn:ripieno:problem:` and one of
these slugs.

| slug | status | meaning |
|---|---|---|
"""


_TAKES = {
    "any": "Action {action}: for the role {role}, with the scope {scope}.",
    "reader": "Action {action}: for the role {role}, with the scope {scope}; for its owner and "
    "those it is shared with.",
    "editor": "Action {action}: for the role {role}, with the scope {scope}; for its owner and "
    "those who may edit it.",
    "owner": "Action {action}: for the role {role}, with the scope {scope}; for its owner.",
}
"""What an operation takes, by what one has to be to the thing; administrators are all of that."""


def reference() -> str:
    """The reference, in Markdown."""
    # No use case is asked: the document depends on the routes alone.
    document = create_app(cast(UseCases, None)).openapi()
    parts = [_BEGIN, document["info"]["description"], "\n", _PROBLEMS, *_problems(), "\n"]
    for tag in document["tags"]:
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description']}.\n\n")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation["tags"]:
                    parts += _operation(method, path, operation)
    parts.append("## Schemas\n\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _schema(name, schema)
    return "".join(parts).rstrip() + "\n"


def _named(operation: Schema) -> Mapping[str, str]:
    """What an operation takes of who asks, by name."""
    return {name: f"`{operation[f'x-ripieno-{name}']}`" for name in ("action", "role", "scope")}


def _problems() -> Iterable[str]:
    rows = {row.slug: row for row in problems.FRAMEWORK.values()}
    rows |= {row.slug: row for row in (problems.INVALID, problems.FAULT)}
    rows |= {row.slug: row for row in problems.TABLE.values()}
    for row in sorted(rows.values(), key=lambda row: (row.status, row.slug)):
        yield f"| `{row.slug}` | {row.status} | {row.title} |\n"


def _operation(method: str, path: str, operation: Schema) -> Iterable[str]:
    yield f"### {operation['operationId']}\n\n`{method.upper()} {path}`\n\n"
    described = operation.get("description", "")
    yield f"{operation['summary']}.{described and ' ' + described}\n\n"
    if "x-ripieno-action" in operation:
        yield f"{_TAKES[operation['x-ripieno-relation']].format(**_named(operation))}\n\n"
    if operation.get("parameters"):
        yield "| parameter | in | type | meaning |\n|---|---|---|---|\n"
        for each in operation["parameters"]:
            name = f"`{each['name']}`" + (" (needed)" if each["required"] else "")
            meaning = each.get("description", "")
            yield f"| {name} | {each['in']} | {_type(each['schema'])} | {meaning} |\n"
        yield "\n"
    if "requestBody" in operation:
        [media] = operation["requestBody"]["content"].values()
        yield f"Body: {_type(media['schema'])}\n\n"
    errors = []
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            errors.append(status)
            continue
        content = response.get("content", {})
        shown = [
            _type(media["schema"]) if kind == "application/json" else f"`{kind}`"
            for kind, media in content.items()
        ]
        described = response["description"].rstrip(".")
        yield f"{status}: {', '.join(shown) or 'nothing'}. {described}.\n\n"
    yield f"Problems: {', '.join(errors)}\n\n"


def _schema(name: str, schema: Schema) -> Iterable[str]:
    yield f"### {name}\n\n"
    if schema.get("description"):
        yield " ".join(schema["description"].split()) + "\n\n"
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{each}`" for each in schema["enum"]) + ".\n\n"
    if schema.get("properties"):
        needed = schema.get("required", ()) if schema.get("additionalProperties") is False else ()
        yield "| field | type | meaning |\n|---|---|---|\n"
        for field, each in schema["properties"].items():
            mark = " (needed)" if field in needed else ""
            yield f"| `{field}`{mark} | {_type(each)} | {_meaning(each)} |\n"
        yield "\n"
    for example in schema.get("examples", ()):
        yield f"```json\n{json.dumps(example, indent=2)}\n```\n\n"


def _meaning(schema: Schema) -> str:
    default = schema.get("default")
    parts = [schema.get("description", "")]
    if default not in (None, "", [], {}):
        parts.append(f"default `{json.dumps(default)}`")
    return "; ".join(part for part in parts if part)


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    kind: str = schema.get("type", "any")
    if kind == "array":
        items = schema.get("items") or schema.get("prefixItems", [{}])[0]
        return f"list of {_type(items)}"
    if kind == "object":
        values: Schema | bool = schema.get("additionalProperties") or next(
            iter(schema.get("patternProperties", {}).values()), {}
        )
        return f"mapping to {_type(values)}" if isinstance(values, Mapping) else "mapping"
    return {"string": "text", "null": "null"}.get(kind, kind) + _bounds(schema)


def _bounds(schema: Schema) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']:g} to {schema['maximum']:g}"
    if schema.get("format") == "date-time":
        return " (time, ISO 8601)"
    return ""


if __name__ == "__main__":
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(reference(), encoding="utf-8")
