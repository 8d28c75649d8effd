"""What fits by name or title, held against looking at each."""

from hypothesis import given
from hypothesis import strategies as st

from ripieno.store.heads import Heads, fits, words_of
from ripieno.store.words import asked

TEXTS = st.text("abé -1", max_size=8)
HEADS = st.dictionaries(st.integers(1, 50), st.tuples(TEXTS, TEXTS), max_size=12)


@given(HEADS, TEXTS)
def test_fits_where_each_word_begins_one(heads: dict[int, tuple[str, str]], text: str) -> None:
    query = asked(text)
    told = Heads(heads).fitting(query)
    if query:
        assert told == {id for id, head in heads.items() if fits(words_of(*head), query)}
    else:
        assert not told


def test_a_word_that_begins_with_the_last_letter_there_is_is_found() -> None:
    # Nothing that is asked may reach beyond the words that begin so.
    heads = Heads({1: ("zz-top", "Ünïcode"), 2: ("zebra", "𠮷野"), 3: ("z", "")})
    assert heads.fitting(["z"]) == {1, 2, 3}
    assert heads.fitting(["zz"]) == {1}
    assert heads.fitting(["unicode", "zz"]) == {1}
    assert heads.fitting(["𠮷"]) == {2}
