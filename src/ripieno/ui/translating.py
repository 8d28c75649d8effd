"""`make texts`: bring the translations up to date with the texts in templates and modules.

New texts are added without a translation, for somebody to fill in; those that are no longer used
go. Nothing of this runs in a server.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, pofile
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir

from ripieno.ui import language

FOLDER = Path(__file__).parent

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS = {"templates/**.html": {"silent": "false", "trimmed": "true"}}


def texts() -> Catalog:
    """All texts that are to be translated."""
    found = Catalog()
    for _, _, message, comments, context in extract_from_dir(
        FOLDER, _METHODS, _OPTIONS, keywords={**DEFAULT_KEYWORDS, "N_": None}
    ):
        found.add(message, None, auto_comments=comments, context=context)
    return found


def read(code: str) -> Catalog:
    """The translations into a language."""
    with open(_file(code), "rb") as file:
        return pofile.read_po(file, locale=code)


def updated(code: str) -> Catalog:
    """The translations into a language, for the texts that there are now."""
    catalog = read(code)
    catalog.update(texts(), no_fuzzy_matching=True)
    return catalog


def written(catalog: Catalog) -> bytes:
    """What the file of a language holds: sorted, so that two changes seldom meet."""
    file = BytesIO()
    pofile.write_po(
        file, catalog, sort_output=True, omit_header=True, no_location=True,
        ignore_obsolete=True, width=96,
    )  # fmt: skip
    return file.getvalue()


def untranslated(catalog: Catalog) -> Iterator[str]:
    """The texts that have no translation."""
    for message in catalog:
        forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if message.id and (message.fuzzy or not all(forms)):
            yield message.id if isinstance(message.id, str) else message.id[0]


def _file(code: str) -> Path:
    return language.FOLDER / code / "LC_MESSAGES" / "messages.po"


def main() -> None:
    """Write the file of every language, and say what is missing in it."""
    for code in language.languages():
        if _file(code).exists():
            catalog = updated(code)
            _file(code).write_bytes(written(catalog))
            for text in untranslated(catalog):
                print(f"{code}: no translation for {text!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
