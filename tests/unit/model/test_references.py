"""References in texts: taken apart, resolved, and told apart from literal text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import errors, references
from ripieno.model.references import Part, Reference

SCOPE = {
    "parameters": {"atlas": "aal", "memory_mib": 256, "is_open": True, "sizes": [1, 2]},
    "port": 8080,
    "store": {"url": "postgresql://h:5432", "host": "h", "sql": {"url": "u"}},
}

texts = st.text(alphabet="${}.ab \n", max_size=20)
literals = st.text(alphabet="${}a", min_size=1, max_size=6)
paths = st.lists(st.text(alphabet="ab-_0", min_size=1, max_size=3), min_size=1, max_size=3)


@st.composite
def parts(draw: st.DrawFn) -> tuple[Part, ...]:
    found: list[Part] = []
    for each in draw(st.lists(literals | paths.map(lambda path: Reference(tuple(path))))):
        if not (found and isinstance(each, str) and isinstance(found[-1], str)):
            found.append(each)
    return tuple(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain $HOME {x} $$", "plain $HOME {x} $$"),
        ("--atlas=${parameters.atlas}!", "--atlas=aal!"),
        ("${store.sql.url} ${store.host}:${port}", "u h:8080"),
        ("${parameters.memory_mib}m ${parameters.is_open}", "256m true"),
        ("$${parameters.atlas}", "${parameters.atlas}"),
        ("$$${port}", "$8080"),
        ("$$$${port}", "$${port}"),
        ("", ""),
    ],
)
def test_references_are_replaced_and_doubled_dollars_are_literal(text: str, found: str) -> None:
    assert references.resolve(text, SCOPE) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "${parameters.atlsa}",
            "no 'parameters.atlsa' (did you mean 'atlas'?); there are parameters.atlas, "
            "parameters.memory_mib",
        ),
        ("${HOME}", "there is no 'HOME'; there are parameters, port, store (write $${ for a"),
        ("${port.number}", "port has no parts; write ${port}"),
        ("${store.sql}", "is a mapping; go on with one of store.sql.url"),
        ("a ${parameters.sizes}", "${parameters.sizes} is a list"),
        ("${}", "begins no reference"),
        ("${a", "begins no reference"),
        ("${a:-b}", "begins no reference"),
        ("${a..b}", "begins no reference"),
    ],
)
def test_a_reference_to_nothing_is_refused_with_what_there_is(text: str, words: str) -> None:
    with pytest.raises(errors.ApplicationError) as caught:
        references.resolve(text, SCOPE)
    assert words in str(caught.value)


def test_a_whole_reference_keeps_its_type_at_any_depth() -> None:
    value = {"a": ["${parameters.sizes}", "${port}", "p${port}", 1.5, None], "${b}": True}
    assert references.resolve_value(value, SCOPE) == {
        "a": [[1, 2], 8080, "p8080", 1.5, None],
        "${b}": True,
    }


def test_some_references_are_replaced_and_what_is_put_in_stays_literal() -> None:
    scope = {"parameters": {"a": "${port}", "dollar": "$"}}
    text = "${parameters.a} ${port} $${x} ${parameters.dollar}{port}${parameters.dollar}${port}"
    half = references.resolve_some(text, scope, ("parameters",))
    assert references.resolve(half, {"port": 1}) == "${port} 1 ${x} ${port}$1"


@given(parts())
def test_pieces_come_back_from_text(pieces: tuple[Part, ...]) -> None:
    assert references.parse(references.render(pieces)) == pieces


@given(st.text(alphabet="${}a"))
def test_any_text_can_be_escaped(text: str) -> None:
    assert references.resolve(references.escape(text), {}) == text


@given(texts)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        pieces = references.parse(text)
    except errors.ApplicationError:
        return
    assert references.parse(references.render(pieces)) == pieces
