"""Which language a page is in, and the texts of it.

English is the source; the others are read from `locale/CODE/LC_MESSAGES/messages.po` as they are,
so that there is nothing to compile. `make texts` brings those files up to date with the sources.
"""

import functools
import io
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from starlette.requests import Request

FOLDER = Path(__file__).parent / "locale"
COOKIE = "ripieno-language"


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language: its code, its name in itself, its texts."""

    code: str
    name: str
    texts: NullTranslations

    def gettext(self, text: str) -> str:
        """A text in this language; the English one where there is no other."""
        return self.texts.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The form of a text for a count."""
        return self.texts.ngettext(one, many, count)


def N_(text: str) -> str:  # what the tools of gettext look for
    """Mark a text that is translated where it is shown."""
    return text


@functools.cache
def languages() -> dict[str, Language]:
    """All languages by code, the source first."""
    return {
        "en": Language(code="en", name="English", texts=NullTranslations()),
        "fr": Language(code="fr", name="Français", texts=_read("fr")),
    }


def language_of(request: Request) -> Language:
    """What the visitor has chosen, else what the browser prefers, else English."""
    known = languages()
    chosen = request.cookies.get(COOKIE, "")
    if chosen in known:
        return known[chosen]
    for code in _preferred(request.headers.get("accept-language", "")):
        if code in known:
            return known[code]
    return known["en"]


def _preferred(header: str) -> list[str]:
    """The codes of an Accept-Language header without their regions, the best first."""
    weighted = []
    for position, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        weighted.append((-quality, position, tag.strip().partition("-")[0].lower()))
    return [code for _, _, code in sorted(weighted)]


def _read(code: str) -> NullTranslations:
    from babel.messages import mofile, pofile  # Loaded only where a visitor's page needs it.

    with open(FOLDER / code / "LC_MESSAGES" / "messages.po", "rb") as file:
        catalog = pofile.read_po(file, locale=code)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
