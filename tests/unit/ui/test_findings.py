"""What importers tell of what they have read, on a French page."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ripieno
from ripieno.ui import findings, language, sayings
from tests.findings import unsaid

FRENCH = language.languages()["fr"]
PACKAGE = Path(ripieno.__file__).parent
SOURCES = [*sorted((PACKAGE / "importers").glob("*.py")), PACKAGE / "images" / "labels.py"]

IN_DOCUMENTS = frozenset(
    (
        *("a path (output)", "7 (a path)", "makes 7 (7)", "exit code 7: 7", "7, leave out 7"),
        *("exactly one", "at most one", "give 7 of 7", "give all of 7, or none", "7 needs 7"),
        *("with 7, leave out 7", "give at least one of 7"),
    )
)
"""Texts that importers write into an application file, whose language is its author's."""

LISTS = frozenset(("7 7", "7 (7)"))
"""What stands in a list of names."""

PARTS = frozenset(("a tcp_port", "tcp_port 7"))
"""What names something to a check, and what a label is remembered by."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_importers_say_nothing_that_has_no_french(path: Path) -> None:
    said = [each for each in _texts(path) if each not in IN_DOCUMENTS | LISTS | PARTS]
    english = {each: list(unsaid(each)) for each in said}
    assert not {each: pieces for each, pieces in english.items() if pieces}, (
        "put these into ripieno/ui/findings.py, and their French into messages.po"
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("title: A viewer (from org.x.title)", "titre : A viewer (d’après org.x.title)"),
        ("version: 1.2.0 (from its tag)", "version : 1.2.0 (d’après son étiquette de version)"),
        ("title: a: b; c (from x)", "titre : a: b; c (d’après x)"),
        ("runs: nginx -g daemon off; -x", "lance : nginx -g daemon off; -x"),
        (
            "web: volumes (./a:/b) is not carried over: there are no volumes yet: what it keeps "
            "there is gone when it is removed",
            "web : volumes (./a:/b) n’est pas repris : il n’y a pas encore de volumes : ce qu’il y "
            "garde est perdu quand il est supprimé",
        ),
        (
            "web: a variable is not carried over: 'A-B' cannot name an environment variable; use "
            "letters, digits and underscores, no digit first",
            "web : une variable n’est pas reprise : 'A-B' ne peut pas nommer une variable "
            "d’environnement ; prenez des lettres, des chiffres et des soulignés, sans chiffre au "
            "début",
        ),
        (
            "variables that it sets itself: A, B, … (30 in all)",
            "variables qu’elle fixe elle-même : A, B, … (30 en tout)",
        ),
        (
            "label io.ripieno.memory-mib: it should be a number of MiB, from 32 (it is 'x; y: z')",
            "étiquette io.ripieno.memory-mib : elle devrait être un nombre de Mio, au moins 32 "
            "(elle vaut 'x; y: z')",
        ),
        (
            "the path of output 'o' depends on conditions, which are not evaluated (a: b; c: d); "
            "it is a parameter, so say in each run what it should be",
            "le chemin de la sortie 'o' dépend de conditions, qui ne sont pas évaluées "
            "(a: b; c: d) ; c’est un paramètre, dites donc à chaque exécution ce qu’il doit être",
        ),
    ],
)
def test_findings_are_said_in_french_and_what_was_read_stays_as_it_is(told: str, said: str) -> None:
    assert sayings.found(told, FRENCH) == said


def test_no_finding_begins_with_what_may_be_anything() -> None:
    """It would be found behind what stands before it, which then stayed in English."""
    wide = tuple(f"%({each})s" for each in sayings.WHOLE)
    assert not [each for each in findings.FINDINGS if each.startswith(wide)]


def test_what_is_said_of_imports_is_said_of_nothing_else() -> None:
    assert sayings.said("title: it is new", FRENCH) == "title : il est nouveau"
    assert sayings.said("web uses store", FRENCH) == "web uses store"


def _texts(path: Path) -> Iterator[str]:
    """The texts of several words in a module, with a 7 for what differs; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            parts.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts.update(each for each in ast.walk(node) if each is not node)
    for node in ast.walk(tree):
        if node in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(
                str(each.value) if isinstance(each, ast.Constant) else "7" for each in node.values
            )
        else:
            continue
        if " " in text.strip():
            yield text
