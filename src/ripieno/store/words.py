"""Texts as words: the same for what is indexed and what is looked for, in every database.

A word is a run of letters and digits, its accents taken off and its case folded. The databases get
words between single spaces, and have nothing left to interpret.
"""

import re
import unicodedata

MOST_WORDS = 12
"""How many words of a query are looked at; who pastes more than that finds too little."""

MOST_LETTERS = 64
"""Words are cut after so many characters, in the index and in queries."""

_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """A text without accents and cases: two that look alike to a reader are equal."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each))


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return [each[:MOST_LETTERS] for each in _WORD.findall(folded(text))]


def asked(text: str) -> list[str]:
    """The words of a query, each once; those that begin another one are left out."""
    found = list(dict.fromkeys(words(text)))[:MOST_WORDS]
    return [
        each
        for each in found
        if not any(other != each and other.startswith(each) for other in found)
    ]
