"""Texts: every one can be translated, and every one is."""

import html.parser
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from babel.messages import Message

from ripieno.ui import language, rendering, translating

CODES = [code for code in language.languages() if code != "en"]
TEMPLATES = sorted(rendering.FOLDER.rglob("*.html"))
SPOKEN = ("alt", "aria-label", "aria-description", "placeholder", "title")
"""Attributes that a visitor reads or hears."""

NAMES = frozenset(("Ripieno", "YAML", "JSON", "UTC"))
"""Words that are the same everywhere."""


@pytest.mark.parametrize("code", CODES)
def test_every_text_is_translated(code: str) -> None:
    missing = list(translating.untranslated(translating.updated(code)))
    assert not missing, f"run `make texts`, then fill these in: {missing}"


@pytest.mark.parametrize("code", CODES)
def test_the_file_is_as_make_texts_writes_it(code: str) -> None:
    path = language.FOLDER / code / "LC_MESSAGES" / "messages.po"
    assert path.read_bytes() == translating.written(translating.updated(code)), "run `make texts`"


@pytest.mark.parametrize("code", CODES)
def test_a_translation_has_the_same_placeholders(code: str) -> None:
    for message in translating.read(code):
        forms = _forms(message.id)
        wanted = {name for form in forms for name in _placeholders(form)}
        for form in _forms(message.string):
            assert set(_placeholders(form)) <= wanted, message.id
        assert wanted <= {n for form in _forms(message.string) for n in _placeholders(form)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.name))
def test_no_template_has_a_text_that_cannot_be_translated(path: Path) -> None:
    assert not list(_bare_texts(path.read_text()))


def test_a_bare_text_would_be_found() -> None:
    assert list(_bare_texts("<p>Some words {{ x }}</p>")) == ["Some words"]
    assert list(_bare_texts('<p title="Words">{{ _("fine") }}</p>')) == ["Words"]
    assert list(_bare_texts("<a {% if x %}aria-label='Words'{% endif %}>Ripieno</a>")) == ["Words"]


def test_forms_of_a_count_are_those_of_the_language() -> None:
    french = language.languages()["fr"]
    english = language.languages()["en"]
    one, many = "%(num)s application found", "%(num)s applications found"
    found = [french.ngettext(one, many, n).removeprefix("%(num)s ") for n in (0, 1, 2)]
    assert found == ["application trouvée", "application trouvée", "applications trouvées"]
    assert [english.ngettext("one", "many", n) for n in (0, 1, 2)] == ["many", "one", "many"]


def _forms(value: Message | str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _placeholders(text: str) -> list[str]:
    return re.findall(r"%\((\w+)\)s", text)


def _bare_texts(source: str) -> Iterator[str]:
    """What stands in a template outside of expressions and is meant to be read."""
    data = "".join(
        text if kind == "data" else " {} " if kind == "variable_end" else ""
        for _, kind, text in jinja2.Environment(extensions=["jinja2.ext.i18n"]).lex(source)
    )
    reader = _Reader()
    reader.feed(data)
    reader.close()
    for text in reader.texts:
        words = [word for word in re.findall(r"[^\W\d_]{2,}", text) if word not in NAMES]
        if words:
            yield text.replace("{}", "").strip()


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "code")
        self.texts += [value for name, value in attributes if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "code")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)
