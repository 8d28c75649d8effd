"""YAML text becomes a tree with positions, or an error that can be read on one screen."""

import string
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ripieno.model import document
from ripieno.model.errors import DocumentError, UnknownField
from tests.strategies import data

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip(string.ascii_lowercase, string.ascii_lowercase[1:], strict=False)
)
CHAIN_OF_ALIASES = "a0: &a0 x\n" + "".join(
    f"a{i}: &a{i} {'[' * 30}*a{i - 1}{']' * 30}\n" for i in range(1, 4)
)


def read(text: str) -> Any:
    return document.parse(text).plain()


def refusal(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        document.parse(text, "some.yaml").plain()
    return str(caught.value)


@pytest.mark.parametrize(
    "word", ["off", "on", "yes", "no", "y", "Off", "2020-01-01", "1:30", "1_000"]
)
def test_what_yaml_1_1_would_not_take_for_text_is_text(word: str) -> None:
    assert read(f"{word}: [{word}]") == {word: [word]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("True", True),
        ("false", False),
        ("12", 12),
        ("-012", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("+1.", 1.0),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int '12'", 12),
        ("!!float 1", 1),
        ("[1, two]", [1, "two"]),
        ("{a: {b: }}", {"a": {"b": None}}),
        ("1: a", {"1": "a"}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
        ("{&k a: 1, b: *k}", {"a": 1, "b": "a"}),
    ],
)
def test_values_are_those_of_the_core_schema(text: str, value: object) -> None:
    found = read(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "more than 64 deep"),
        ("- " * 100_000, "more than 64 deep"),
        ("{a: " * 100_000, "more than 64 deep"),
        (CHAIN_OF_ALIASES, "some.yaml:4: mappings and lists are more than 64 deep"),
        (BOMB, "more than 2000000 values"),
        ("&a [*a]", "inside what it stands for"),
        ("a: *gone", "no anchor"),
        (
            "a: 1\nb: 2\na: 3",
            "some.yaml:3: the key 'a' is here for the second time (first on line 1)",
        ),
        ("1: a\n'1': b", "second time"),
        ("a: [b\nc: d", "some.yaml:2: not YAML"),
        ("a:\n\tb: 1", "indent with spaces"),
        ("a: @b", "quote text that begins with @"),
        ("a: 'b", "not YAML"),
        ("if: >= 5", "quote text that begins with >"),
        ("if: != 5", "the tag '!=' is not known; remove it, or quote text that begins with !"),
        ("a\n\x07", "some.yaml:2: not YAML: the character U+0007"),
        ("a: \ud800", "U+D800"),
        ('"\\ud800"', "not YAML"),
        ("a: 1\n---\nb: 2", "a second document begins here"),
        ("<<: {a: 1}", "merge keys"),
        ("true: 1", "the key 'true' is not text; quote it"),
        ("null: 1", "is not text"),
        ("1.5: 1", "is not text"),
        ("? [a]\n: b", "cannot be a key"),
        ("{&x [a]: b}", "cannot be a key"),
        ("[&x [a], {*x : b}]", "cannot be a key"),
        ("!!python/object/apply:os.system [x]", "tag"),
        ("!!python/name:os.system x", "tag"),
        ("!!timestamp 2020-01-01", "tag"),
        ("!!int a", "'a' is no int"),
        ("9" * 5000, "a number of 5000 digits is too long"),
        ("[.nan]", "[0]: data cannot hold this number"),
        ("-.inf", "data cannot hold"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(text: str, words: str) -> None:
    message = refusal(text)
    assert words in message
    assert message.startswith("some.yaml")
    assert message.isprintable()
    assert len(message) < 1200


def test_text_over_the_size_limit_is_refused_before_it_is_read() -> None:
    assert f"at most {document.MOST_BYTES} are read" in refusal("x" * (document.MOST_BYTES + 1))
    assert "bytes" in refusal("é" * (document.MOST_BYTES // 2 + 1))


def test_a_merge_key_in_quotes_is_a_key_like_any_other() -> None:
    assert read("'<<': 1") == {"<<": 1}


def test_an_empty_document_holds_nothing() -> None:
    assert document.parse("# only a remark\n").is_empty


def test_a_node_knows_its_line_and_field() -> None:
    tree = document.parse(
        "phases:\n- name: a\n- name: b\n  program:\n  - [push, c, go]\n", "f.yaml"
    )
    word = tree.mapping()["phases"].items()[1].mapping()["program"].items()[0].items()[2]
    assert (word.line, word.field) == (5, "phases[1].program[0][2]")
    assert str(word.error("no such behaviour")) == (
        "f.yaml:5: phases[1].program[0][2]: no such behaviour"
    )


def test_a_mapping_stands_where_its_key_stands() -> None:
    assert document.parse("a:\n\n\n  b: 1").mapping()["a"].line == 1


def test_an_unknown_field_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownField) as caught:
        document.parse("a:\n  behavoir: x", "f.yaml").mapping()["a"].mapping({"behavior", "from"})
    assert str(caught.value) == (
        "f.yaml:2: a: unknown field 'behavoir' (did you mean 'behavior'?); fields here are "
        "behavior, from"
    )


@pytest.mark.parametrize(
    ("text", "ask", "words"),
    [
        ("[a]", "mapping", "expected a mapping (field: value), found a list"),
        ("a", "items", "expected a list, found the text 'a'; write ['a']"),
        ("a: 1", "text", "expected text, found a mapping"),
        ("1.5", "text", "expected text, found the number '1.5'; quote it"),
        ("true", "name", "expected text, found the boolean 'true'; quote it"),
        ("", "text", "expected text, found nothing"),
        ("''", "name", "a name is empty"),
        ("x" * 201, "name", "201 characters"),
        ('"a\\e[31m"', "name", "the name 'a\\x1b[31m' has characters that do not print"),
        ('{"a\\e": 1}', "by_name", "characters that do not print"),
        ("[a, [b]]", "names", "[1]: expected text, found a list"),
        ("true", "number", "expected a number, found the boolean"),
        ("'1'", "number", "expected a number, found the text '1'"),
        ("[1, a]", "numbers", "expected a number, found the text 'a'"),
        ("", "label", "expected a text, number or boolean, found nothing"),
    ],
)
def test_the_wrong_shape_is_named_with_what_was_found(text: str, ask: str, words: str) -> None:
    node = document.parse(text)
    with pytest.raises(DocumentError) as caught:
        getattr(node, ask)()
    assert words in str(caught.value)


def test_names_and_labels_keep_what_was_written() -> None:
    assert document.parse("007").name() == "007"
    assert document.parse("1.10").label() == "1.10"
    assert document.parse("[a, 1]").names() == ("a", "1")
    assert document.parse("a").names() == ("a",)


def test_what_an_error_repeats_is_cut() -> None:
    tree = document.parse(f"? {'k' * 5000}\n: {{? {'n' * 5000} : 1}}", "f.yaml")
    (inner,) = tree.mapping().values()
    with pytest.raises(UnknownField) as caught:
        inner.mapping({"a"})
    assert len(str(caught.value)) < 400


def test_plain_data_that_no_document_can_hold_is_refused() -> None:
    for wrong in ({1: "a"}, {"a": object()}, {"a": [{"b": {1, 2}}]}):
        with pytest.raises(DocumentError):
            document.from_plain(wrong)


def test_plain_data_that_is_too_deep_is_refused() -> None:
    deep: object = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(DocumentError, match="deep"):
        document.from_plain(deep)


@given(data)
def test_plain_data_comes_back_from_its_tree(value: object) -> None:
    assert document.from_plain(value).plain() == value


LOADERS = sorted({yaml.SafeLoader, document._LOADER}, key=lambda each: each.__name__)
yaml_like = st.text(alphabet="ab01-:?,[]{}&*!<>|'\"%@`#~.\\ \t\n\r\ufeff\u2028\x00é")


@pytest.mark.parametrize("loader", LOADERS)
@given(text=yaml_like | st.text())
@example(text="%YAML 1." + "1" * 5000)
@example(text='"\\UFFFFFFFF"')
@example(text="--- |\n" + "\t" * 50)
@example(text="!<" + "%ff" * 9 + "> a")
@example(text="\ufeff@")
def test_any_text_is_read_or_refused(loader: type, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_LOADER", loader)
        try:
            document.parse(text).plain()
        except DocumentError as problem:
            assert str(problem).isprintable()
