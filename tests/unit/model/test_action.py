"""Actions of transitions: records, and their form in files."""

import pytest

from ripieno.model import document, errors
from ripieno.model.action import Action, Verb
from ripieno.model.reading_types import read_component_type


def read(action: str) -> Action | None:
    text = f"""
initial: off
places: [off]
transitions: {{go: {{from: off, to: off, behavior: go, action: {action}}}}}
"""
    return read_component_type("T", document.parse(text, "f.yaml")).transitions[0].action


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("{call: resize}", Action(verb=Verb.CALL, arguments={"name": "resize"})),
        (
            "{call: resize, with: {to: '${settings.size}', n: [1]}}",
            Action(
                verb=Verb.CALL,
                arguments={"name": "resize", "with": {"to": "${settings.size}", "n": [1]}},
            ),
        ),
        (
            "{run: [touch, 7], env: {A: b}, working_directory: d, timeout_s: 3}",
            Action(
                verb=Verb.COMMAND,
                arguments={
                    "argv": ["touch", "7"],
                    "env": {"A": "b"},
                    "working_directory": "d",
                    "timeout_s": 3.0,
                },
            ),
        ),
        ("{do: start}", Action(verb=Verb.START)),
        ("", None),
    ],
)
def test_an_action_calls_runs_or_works_on_the_workload(text: str, action: Action | None) -> None:
    assert read(text) == action


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "f.yaml:4: transitions.go.action: write an action as {call: coroutine"),
        ("{call: a, run: [b]}", "write an action as"),
        ("{run: []}", "an action runs nothing; give a list of words"),
        ("{run: 'touch x'}", "expected a list, found the text 'touch x'; write ['touch x']"),
        ("{call: }", "expected text, found nothing"),
        ("{do: strat}", "'strat' is nothing that can be done (did you mean 'start'?); there are"),
        ("{do: call}", "an action calls nothing; name a registered coroutine"),
        ("{call: a, width: {}}", "unknown field 'width' (did you mean 'with'?)"),
    ],
)
def test_an_action_that_does_nothing_known_is_refused(text: str, words: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        read(text)
    assert words in str(caught.value)


def test_only_commands_and_calls_are_the_authors_own() -> None:
    assert [each for each in Verb if each.is_own] == [Verb.CALL, Verb.COMMAND]
