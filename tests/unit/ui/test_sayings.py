"""What the server says, in the visitor's language: in the very words that the server uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ripieno
from ripieno.ui import language, sayings
from tests.fake_control import FakeControl
from tests.ui_rig import Pages, words

FRENCH = language.languages()["fr"]
ENGLISH = language.languages()["en"]
LAYERS = "api control engine images importers model plan runtimes store ui"
SOURCES = [Path(ripieno.__file__).parent / each for each in LAYERS.split()]


def test_every_saying_is_what_the_server_says() -> None:
    found = {piece for text in _texts() for piece in _pieces(text)}
    unsaid = [each for each in sayings.OF_IMPORTS if _plain(each) not in found]
    assert not unsaid, "these were written otherwise meanwhile, or are said no more"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("it is new; its env, args changed", "il est nouveau ; env, args : modifiés"),
        (
            "web.start: host local: there is no command /no/such; install it there or correct the "
            "name",
            "web.start : hôte local : la commande /no/such n’existe pas ; installez-la là-bas ou "
            "corrigez son nom",
        ),
        (
            "web was not ready within 60 s: web ended with exit code 3; its last output: no: it "
            "is new; (6 times)",
            "web n’était pas prêt au bout de 60 s : web s’est terminé avec le code 3 ; ses "
            "dernières lignes : no: it is new; (6 times)",
        ),
        (
            "ada may not do user.list: it takes the role admin, and theirs is viewer; ask an "
            "administrator",
            "ada n’y est pas autorisé (user.list) : il faut le rôle admin, et le sien est viewer ; "
            "adressez-vous à un administrateur",
        ),
        (
            "program r-1 waits until web is idle; web cannot start run: web.store has no provider; "
            "connect it",
            "le programme r-1 attend que web soit au repos ; web ne peut pas commencer run : "
            "web.store n’a pas de fournisseur ; connectez-le",
        ),
        (
            "web cannot leave ready: web.http is locked by proxy.site active in up; that is a "
            "cycle: web -> proxy -> web",
            "web ne peut pas quitter ready : web.http est retenu par proxy.site, actif dans up ; "
            "c’est un cycle : web -> proxy -> web",
        ),
        (
            "web.store needs 'sql', and no component provides it; provided are web.http. Add one "
            "that does, give both ports one 'interface', or leave it unconnected with "
            "'select: {store: null}'",
            "web.store a besoin de 'sql', et aucun composant ne le fournit ; sont fournis : "
            "web.http. Ajoutez-en un qui le fournit, donnez aux deux ports une même 'interface', "
            "ou laissez-le sans connexion par 'select: {store: null}'",
        ),
        (
            "the quota of user:ada is 1 CPU, with 0.5 in use; talk would take 1 more: stop or "
            "remove something, or ask an administrator for more",
            None,
        ),
        (
            "the quota of group:neuro is 1 running deployment, with 1 in use; talk would take 1 "
            "more: stop or remove something, or ask an administrator for more",
            "le quota de group:neuro est de 1 déploiement en marche, avec 1 en usage ; talk en "
            "prendrait 1 de plus : arrêtez ou supprimez quelque chose, ou demandez-en plus à un "
            "administrateur",
        ),
        (
            "nobody has used it for a while; a visit starts it",
            "personne ne l’a utilisée depuis un moment ; une visite la démarre",
        ),
        ("nobody has used it for 30 min 0 s", "personne ne l’a utilisé depuis 30 min 0 s"),
        (
            "its life time is over; it can be started again",
            "sa durée de vie est écoulée ; elle peut être redémarrée",
        ),
        (
            "web.db selects {tier: back, region: eu}, and no component with these labels provides "
            "'sql'; db.sql does: give the one that is meant these labels, or select it by name",
            "web.db choisit {tier: back, region: eu}, et aucun composant avec ces étiquettes ne "
            "fournit 'sql' ; fournisseurs : db.sql : donnez ces étiquettes à celui dont il s’agit, "
            "ou choisissez-le par son nom",
        ),
        (
            "web (Web, on off) cannot run update and stand on up: no sequence of its behaviours "
            "does that. It is asked to because it is new; the goal asks it to stand on up. Change "
            "the goal, or give its type a behaviour that leads there. Behaviours that use db are "
            "out, since nothing provides that; connect it",
            "web (Web, sur off) ne peut pas suivre update et se trouver sur up : aucune suite de "
            "ses comportements ne le fait. C’est demandé parce que : il est nouveau ; le but lui "
            "demande de se trouver sur up. Changez le but, ou donnez à son type un comportement "
            "qui y mène. Les comportements qui se servent de db sont exclus, puisque rien ne le "
            "fournit ; connectez-le",
        ),
    ],
)
def test_pieces_are_put_together_again(text: str, said: str | None) -> None:
    shown = sayings.said(text, FRENCH)
    assert sayings.said(text, ENGLISH) == text
    if said is None:
        assert shown != text and "stop or remove" not in shown
    else:
        assert shown == said


@pytest.mark.parametrize(
    "text", ["", "Traceback: it broke; nobody knows why", "a: b; c", "100 %; %(x)s", "<b>: x"]
)
def test_what_is_not_known_stays_as_it_is(text: str) -> None:
    assert sayings.said(text, FRENCH) == text


def test_names_cannot_be_taken_for_placeholders() -> None:
    assert "%(port)s" in sayings.said("there is no command %(port)s", FRENCH)


async def test_a_page_says_it_so() -> None:
    pages = Pages(FakeControl())
    page = await pages.get("/deployments/nobody", accept_language="fr")
    assert "il n’y a pas de déploiement" in words(page.text)


def _texts() -> Iterator[str]:
    """All texts in the sources but those of the sayings, with a zero for each value in them."""
    for path in (each for folder in SOURCES for each in sorted(folder.rglob("*.py"))):
        if path.name in ("sayings.py", "findings.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(each.value) if isinstance(each, ast.Constant) else "\0"
                    for each in node.values
                )


def _pieces(text: str) -> Iterator[str]:
    """A text, what is between its semicolons, and what is before and after a colon in these."""
    yield _bare(text)
    for part in text.split("; "):
        yield _bare(part)
        head, colon, tail = part.partition(": ")
        if colon:
            yield _bare(head)
            yield _bare(tail)


def _plain(saying: str) -> str:
    return _bare(re.sub(r"%\(\w+\)s", "\0", saying))


def _bare(text: str) -> str:
    """A text without the values that it begins and ends with: they may come from elsewhere."""
    return text.strip("\0 :;")
