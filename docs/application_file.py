"""Writes the reference of the application file from what its reader takes.

`python -m docs.application_file` writes it to `docs/reference/application-file.md`; a test fails
when that is out of date. The reader is watched while it reads an application that has everything:
so a field that it takes and that is not explained here is an error, and one that is explained and
not taken is another. Defaults, limits and choices are those of the records.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from unittest import mock

from docs import application_fields as fields
from ripieno.model import reading_applications
from ripieno.model.node import REMARKS, Node

REFERENCE = Path(__file__).parent / "reference" / "application-file.md"

_BEGIN = """\
# Application file

<!-- Written by python -m docs.application_file from what is read; do not edit. -->

One YAML document is one application. This page has every field of it; [file formats](../formats.md)
tells how they work together, [services](../services.md) what follows from them, and the [last
section](#everything) is an application that has them all.

A field that is not here is an error, with file, line and a suggestion where one is close.
"""


class OutOfDate(Exception):
    """A field that is read is not explained, or the other way round."""


def reference() -> str:
    """The whole page. Raises: `OutOfDate`."""
    taken = _taken(fields.EVERYTHING)
    titles = [*(each.title for each in fields.SECTIONS), "Everything"]
    parts = [_BEGIN, "\n", *(f"- [{each}](#{_anchor(each)})\n" for each in titles)]
    for section in fields.SECTIONS:
        parts += [f"\n## {section.title}\n\n{section.begin}\n\n", *_table(section, taken)]
    parts.append(f"\n## Everything\n\n```yaml\n{fields.EVERYTHING}```\n")
    return "".join(parts)


def _taken(document: str) -> Mapping[str, Collection[str]]:
    """Which fields are read at each place of a document."""
    found: dict[str, set[str]] = {}
    mapping = Node.mapping

    def watched(node: Node, known: Collection[str] | None = None) -> Mapping[str, Node]:
        if known is not None:
            found.setdefault(node.field, set()).update(known)
        return mapping(node, known)

    with mock.patch.object(Node, "mapping", watched):
        reading_applications.application(document, "everything")
    return found


def _table(section: fields.Section, taken: Mapping[str, Collection[str]]) -> Iterator[str]:
    by_place = {place: taken[at] for place, at in section.places.items()}
    known = set().union(*by_place.values())
    missing = known - section.fields.keys()
    if known >= REMARKS:
        missing -= REMARKS
    if missing or not section.fields.keys() <= known:
        raise OutOfDate(
            f"{section.title}: explain {sorted(missing)}, and take out "
            f"{sorted(section.fields.keys() - known)}"
        )
    has_places = len(by_place) > 1
    yield f"| field |{' of |' if has_places else ''} holds | default |\n"
    yield f"|---|{'---|' if has_places else ''}---|---|\n"
    for name, (meaning, default) in section.fields.items():
        of = [place for place, there in by_place.items() if name in there]
        places = f" {'all' if len(of) == len(by_place) else ', '.join(of)} |" if has_places else ""
        yield f"| `{name}` |{places} {meaning} | {default} |\n"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
