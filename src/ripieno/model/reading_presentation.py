"""How an application presents itself, out of its document.

Called by `reading_applications`. Nothing here depends on parameters, so all of it is read as it
is written.
"""

from ripieno.model.errors import ApplicationError
from ripieno.model.node import Node
from ripieno.model.presentation import Picture, Presentation
from ripieno.model.reading_fields import Fields, located

FIELDS = frozenset(
    (
        "title",
        "summary",
        "description",
        "category",
        "tags",
        "maintainers",
        "source",
        "documentation",
        "licence",
        "icon",
        "screenshots",
    )
)
"""The fields of an application that say how it presents itself."""

_PICTURE = ("file", "title")


def read_presentation(fields: Fields) -> Presentation:
    """The presentation among the fields of an application.

    Raises: `DocumentError` with line and field.
    """
    screenshots = tuple(_picture(each) for each in _listed(fields, "screenshots"))
    try:
        return Presentation(
            title=_text(fields, "title"),
            summary=_text(fields, "summary"),
            description=_text(fields, "description"),
            category=_text(fields, "category"),
            tags=tuple(each.name() for each in _listed(fields, "tags")),
            maintainers=tuple(each.name() for each in _listed(fields, "maintainers")),
            source=_text(fields, "source"),
            documentation=_text(fields, "documentation"),
            licence=_text(fields, "licence"),
            icon=_text(fields, "icon"),
            screenshots=screenshots,
        )
    except ApplicationError as problem:
        raise located(fields.node, problem) from problem


def _text(fields: Fields, name: str) -> str:
    node = fields.text_node(name)
    return "" if node is None else node.text()


def _listed(fields: Fields, name: str) -> tuple[Node, ...]:
    node = fields.text_node(name)
    return () if node is None else tuple(node.items())


def _picture(node: Node) -> Picture:
    """A file's name, or `{file, title}`."""
    try:
        if not node.is_mapping:
            return Picture(file=node.text())
        part = Fields(node, _PICTURE, is_open=True)
        return Picture(file=_text(part, "file"), title=_text(part, "title"))
    except ApplicationError as problem:
        raise node.error(str(problem)) from problem
