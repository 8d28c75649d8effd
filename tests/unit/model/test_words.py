"""Words of a command that depend on parameters."""

import shlex
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import errors, references
from ripieno.model.reading_applications import application, resolve

PARAMETERS = {
    "properties": {
        "n": {"type": "number"},
        "text": {"type": "string"},
        "verbose": {"type": "boolean"},
        "names": {"type": "array"},
        "usual": {"type": "array", "default": ["a", 2]},
        "odd": {"type": "object"},
    }
}


def document(words: list[Any], field: str = "command") -> str:
    component = {"type": "job", "command": ["run"], field: words}
    return yaml.safe_dump(
        {
            "name": "demo",
            "version": "1.0.0",
            "parameters": PARAMETERS,
            "components": {"tool": component},
        }
    )


def argv(words: list[Any], values: dict[str, Any], field: str = "command") -> tuple[str, ...]:
    """The words that come of these, as a process would be given them."""
    found = resolve(application(document(words, field)), values)
    workload = found.components["tool"].workload
    assert workload is not None
    return tuple(references.resolve(each, {}) for each in workload.argv)


TEXT = {"parameter": "text", "flag": "-t"}
NAMES = {"parameter": "names", "flag": "--names"}
FILE = {"parameter": "text", "strip": [".nii", ".gz"], "base_name": True}


@pytest.mark.parametrize(
    ("word", "values", "wanted"),
    [
        (TEXT, {}, ()),
        (TEXT, {"text": ""}, ("-t", "")),
        (TEXT, {"text": "a b"}, ("-t", "a b")),
        ({**TEXT, "separator": "="}, {"text": "a b"}, ("-t=a b",)),
        ({**TEXT, "separator": ""}, {"text": "a"}, ("-ta",)),
        ({"parameter": "text"}, {"text": "a"}, ("a",)),
        ({"parameter": "n", "flag": "-n"}, {"n": 4}, ("-n", "4")),
        ({"parameter": "n", "flag": "-n"}, {"n": 0}, ("-n", "0")),
        ({"parameter": "n", "flag": "-n"}, {"n": 0.5}, ("-n", "0.5")),
        ({"parameter": "verbose", "flag": "-v"}, {"verbose": True}, ("-v",)),
        ({"parameter": "verbose", "flag": "-v"}, {"verbose": False}, ()),
        ({"parameter": "verbose"}, {"verbose": True}, ("true",)),
        (NAMES, {"names": []}, ()),
        (NAMES, {"names": ["a", 2, "c d"]}, ("--names", "a", "2", "c d")),
        ({**NAMES, "separator": "="}, {"names": ["a", "b"]}, ("--names=a", "b")),
        ({**NAMES, "list_separator": ","}, {"names": ["a", "b"]}, ("--names", "a,b")),
        (FILE, {"text": "/data/brain.nii.gz"}, ("brain",)),
        ({"join": ["out/", FILE, "-", {"parameter": "n"}]}, {"text": "b.gz", "n": 2}, ("out/b-2",)),
        ({"join": ["out/", {"parameter": "text"}], "flag": "-o"}, {}, ("-o", "out/")),
        ({"join": ["a $${x} ", {"parameter": "text"}]}, {"text": "${y}"}, ("a ${x} ${y}",)),
        ({"join": ["$", {"parameter": "text"}]}, {"text": "{n}"}, ("${n}",)),
        (
            {"shell": ["tool ", TEXT, " | tee ", {"join": ["log ", {"parameter": "n"}]}]},
            {"text": "it's", "n": 1},
            ("tool -t 'it'\"'\"'s' | tee 'log 1'",),
        ),
        ({"shell": ["a ", NAMES, ";"]}, {"names": ["b", "c;d"]}, ("a --names b 'c;d';",)),
        ({"shell": ["echo $${HOME} ${component}"]}, {}, None),
    ],
)
def test_a_word_stands_for_what_its_parameter_calls_for(
    word: Any, values: dict[str, Any], wanted: tuple[str, ...] | None
) -> None:
    if wanted is None:
        settled = resolve(application(document([word])), values).components["tool"].workload
        assert settled is not None and settled.argv == ("echo $${HOME} ${component}",)
        return
    assert argv(["first", word, "last"], values) == ("first", *wanted, "last")
    assert argv([word], values, "args") == ("run", *wanted)


@pytest.mark.parametrize(
    ("word", "values", "message"),
    [
        ({}, {}, "write a word as a text, {parameter: NAME, flag: TEXT}"),
        ({"parameter": "n", "join": []}, {}, "write a word as"),
        ({"parameter": "nam"}, {}, "there is no parameter 'nam' \\(did you mean 'names'"),
        ({"parameter": "n", "flags": "-n"}, {}, "unknown field 'flags'"),
        ({"join": ["a"], "strip": ["b"]}, {}, "strip is not for a word with 'join'"),
        ({"parameter": "n", "separator": "="}, {}, "separator is what follows a flag"),
        ({"join": ["${component}"]}, {}, "a text that is joined refers to nothing"),
        ({"join": [{"shell": []}]}, {}, "what is joined are texts and {parameter: NAME}"),
        ({"shell": [{"shell": []}]}, {}, "a text for a shell is a word of its own"),
        ({"parameter": "odd"}, {"odd": {}}, "parameter odd holds '{}', which is no word"),
        ({"parameter": "names"}, {"names": [[]]}, "which is no word"),
        ({"parameter": "names"}, {"names": ["a"] * 2001}, "more than 2000 words"),
        (
            {"shell": [{"parameter": "text"}] * 12},
            {"text": "x" * 90_000},
            "more than 1000000 characters",
        ),
    ],
)
def test_a_word_that_makes_no_sense_is_refused_where_it_is(
    word: Any, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.ModelError, match=message) as refused:
        argv(["first", word], values)
    assert "components.tool.command" in str(refused.value)


def test_a_published_application_shows_what_its_words_depend_on() -> None:
    words = ["run", TEXT, {"parameter": "verbose", "flag": "-v"}, {"shell": ["a ", TEXT]}]
    words += [{"parameter": "usual", "flag": "-u"}, {"parameter": "names"}]
    workload = application(document(words)).components["tool"].workload
    assert workload is not None
    assert workload.argv == (
        *("run", "-t", "${parameters.text}", "-v"),
        "a -t ${parameters.text}",
        *("-u", "a", "2", "${parameters.names}"),
    )


@given(st.text(max_size=20), st.lists(st.text(max_size=10), max_size=4))
def test_whatever_a_parameter_holds_is_one_word_for_a_shell(text: str, names: list[str]) -> None:
    held = text.replace("\0", "")
    listed = [each.replace("\0", "") for each in names]
    words = [{"shell": ["tool ", TEXT, " ", NAMES]}]
    (found,) = argv(words, {"text": held, "names": listed})
    wanted = ["tool", "-t", held, *(["--names", *listed] if listed else [])]
    assert shlex.split(found) == wanted
