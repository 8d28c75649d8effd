"""Goals and assemblies in the file form of `ripieno plan`."""

import pytest

from ripieno.model import document, errors
from ripieno.model.goal import Goal, Wish
from ripieno.model.port import PortRef
from ripieno.model.reading_goals import is_goal, read_goal

TYPES = """
component_types:
  Db:
    initial: off
    places: [off, up]
    transitions:
      start: {from: off, to: up, behavior: deploy}
      stop: {from: up, to: off, behavior: stop}
    ports: {sql: {kind: provide, on: up}, cache: {kind: provide, on: up}}
  Web:
    initial: off
    places: [off, up, spare]
    transitions:
      start: {from: off, to: up, behavior: deploy}
    ports: {db: {kind: use, on: up}, cache: {kind: use, on: up}, http: {kind: provide, on: up}}
"""


def read(text: str) -> Goal:
    return read_goal(document.parse(text + TYPES, "f.yaml"), {})[1]


def test_a_goal_lists_components_with_what_is_wanted_of_them() -> None:
    goal = read(
        """
title: A goal
components:
  db: {type: Db, state: up, run: [stop, deploy], labels: {zone: 1.10, spare: true}, note: x}
  web: {type: Web, state: [up, spare], run: deploy, select: {db: db, cache: {zone: 1.10}}}
  idle: {type: Web, select: {cache: }}
  short: Web
connections: [[web.db, db.sql], [db.sql, short.db]]
"""
    )
    assert list(goal.components) == ["db", "web", "idle", "short"]
    assert goal.components["db"].labels == {"zone": "1.10", "spare": "true"}
    assert goal.components["web"].select == {"db": "db", "cache": {"zone": "1.10"}}
    assert goal.components["idle"].select == {"cache": None}
    assert goal.components["short"].type.name == "Web"
    assert goal.wishes == {
        "db": Wish(state=frozenset({"up"}), run=("stop", "deploy")),
        "web": Wish(state=frozenset({"up", "spare"}), run=("deploy",)),
    }
    assert goal.connections == (
        (PortRef("web", "db"), PortRef("db", "sql")),
        (PortRef("db", "sql"), PortRef("short", "db")),
    )


def test_types_that_are_known_already_need_not_be_declared() -> None:
    types, _ = read_goal(document.parse("components: {}" + TYPES), {})
    found, goal = read_goal(document.parse("components: {a: Db}"), types)
    assert goal.components["a"].type is types["Db"]
    assert found == types


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("title: x", errors.DocumentError, "'components' is missing"),
        ("component: {}", errors.UnknownField, "(did you mean 'components'?)"),
        ("components: [a]", errors.DocumentError, "components: expected a mapping"),
        ("components: {a: }", errors.DocumentError, "components.a: expected text, found nothing"),
        ("components: {a: {state: up}}", errors.DocumentError, "the field 'type' is missing"),
        ("components: {a: {type: Db, stat: up}}", errors.UnknownField, "'stat'"),
        ("components: {a.b: Db}", errors.DocumentError, "'a.b' has a dot"),
        ("components: {a: Bd}", errors.UnknownComponentType, "a: there is no component type 'Bd'"),
        ("components: {a: {type: Db, state: pu}}", errors.UnknownPlace, "Db has no place 'pu'"),
        (
            "components: {a: {type: Db, run: depoy}}",
            errors.UnknownBehaviour,
            "Db has no behaviour 'depoy' (did you mean 'deploy'?); behaviours are deploy, stop",
        ),
        (
            "components: {a: {type: Web, select: {http: a}}}",
            errors.UnknownPort,
            "'http' is not a use port of Web",
        ),
        (
            "components: {a: {type: Web, select: {dbs: a}}}",
            errors.UnknownPort,
            "'dbs' is no port of Web (did you mean 'db'?)",
        ),
        (
            "components: {abc: {type: Web, select: {db: abd}}}",
            errors.UnknownComponent,
            "no component 'abd' (did you mean 'abc'?)",
        ),
        ("components: {a: {type: Db, labels: {k: [1]}}}", errors.DocumentError, "labels.k"),
        ("components: {a: {type: Db, labels: {k: }}}", errors.DocumentError, "found nothing"),
        ("components: {a: Db}\nconnections: [a]", errors.DocumentError, "write a connection as"),
        ("components: {a: Db}\nconnections: [[a, b]]", errors.DocumentError, "'a' is no port"),
        (
            "components: {a: Db}\nconnections: [[a.sql, b.db]]",
            errors.UnknownComponent,
            "no such component: b",
        ),
        (
            "components: {a: Db, b: Web}\nconnections: [[a.sql, b.x]]",
            errors.UnknownPort,
            "has no port 'x'",
        ),
        (
            "components: {a: Db, b: Db}\nconnections: [[a.sql, b.sql]]",
            errors.IncompatiblePorts,
            "provide to provide",
        ),
    ],
)
def test_what_is_wrong_with_a_goal_is_said_with_file_and_line(
    text: str, error: type[errors.ModelError], words: str
) -> None:
    with pytest.raises(error) as caught:
        read(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("f.yaml:")


def test_a_goal_is_known_by_its_components() -> None:
    assert is_goal(document.parse("components: {}"))
    assert not is_goal(document.parse("phases: []"))
    assert not is_goal(document.parse("- components"))
