"""Boutiques descriptors mean what the reference tool takes them to mean.

The package `boutiques` makes the command line of a descriptor and an invocation, and so do we.
"""

import json
import shlex
from pathlib import Path
from typing import Any

import boutiques as reference
import jsonschema
import pytest
from boutiques.invocationSchemaHandler import generateInvocationSchema
from boutiques.localExec import LocalExecutor
from hypothesis import given
from hypothesis import strategies as st

from ripieno.importers.boutiques import boutiques
from ripieno.model import parameters, references
from ripieno.model.errors import InvalidParameter
from ripieno.model.reading_applications import application, resolve
from tests.drawing import examples

EXAMPLES = sorted((Path(reference.__file__).parent / "schema" / "examples").rglob("*.json"))
SHELLS = ("/bin/sh", "/bin/bash")
WORDS = ("a", "it's", "a b", "$(x); y", "é", "-x", 'q"uote', "*", "\\", "c.nii.gz", "${z}", "$")


def theirs(descriptor: dict[str, Any], invocation: dict[str, Any], folder: Path) -> str:
    """The command line that the reference tool makes."""
    for name, content in (("descriptor.json", descriptor), ("invocation.json", invocation)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    executor = LocalExecutor(
        str(folder / "descriptor.json"),
        str(folder / "invocation.json"),
        {
            "forcePathType": True,
            "destroyTempScripts": True,
            "changeUser": True,
            "skipDataCollect": True,
            "sandbox": True,
        },
    )
    (found,) = executor.cmd_line
    return str(found)


def ours(descriptor: dict[str, Any], invocation: dict[str, Any]) -> list[str]:
    """The words that the imported application runs."""
    found = resolve(application(boutiques(json.dumps(descriptor)).document), invocation)
    (component,) = found.components.values()
    assert component.workload is not None
    words = [*component.workload.entrypoint, *component.workload.argv]
    words = [references.resolve(each, {}) for each in words]
    return shlex.split(words[2]) if words[0] in SHELLS else words


def invocations() -> list[tuple[Path, Path]]:
    """The descriptors that come with the tool, with their invocations."""
    found = []
    for path in EXAMPLES:
        content = json.loads(path.read_text(encoding="utf-8"))
        if "command-line" in content:
            others = [each for each in path.parent.glob("*.json") if "invocation" in each.name]
            found += [(path, each) for each in others]
    return found


@pytest.mark.parametrize(("descriptor", "invocation"), invocations(), ids=lambda path: path.stem)
def test_the_examples_of_the_tool_run_the_same_command(
    descriptor: Path, invocation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # Configuration files are written there.
    described = json.loads(descriptor.read_text(encoding="utf-8"))
    values = json.loads(invocation.read_text(encoding="utf-8"))
    assert ours(described, values) == shlex.split(theirs(described, values, tmp_path))


def test_there_are_examples() -> None:
    assert len(invocations()) >= 4


TEXTS = st.sampled_from(WORDS) | st.text(alphabet="ab $'\";|{}\n", min_size=1, max_size=6)
NUMBERS = st.integers(-9, 9) | st.sampled_from([0.5, -1.25, 1e-07])


@st.composite
def tools(draw: st.DrawFn, *, has_rules: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """A descriptor and an invocation of it, which may break its rules."""
    inputs: list[dict[str, Any]] = []
    invocation: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["String", "File", "Number", "Flag"]))
        each: dict[str, Any] = {
            "id": f"in{number}",
            "name": f"Input {number}",
            "type": kind,
            "value-key": f"[IN{number}]",
            "optional": kind == "Flag" or draw(st.booleans()),
        }
        kinds: dict[str, st.SearchStrategy[Any]] = {"Number": NUMBERS, "Flag": st.booleans()}
        values = kinds.get(kind, TEXTS)
        if kind == "Flag" or draw(st.booleans()):
            each["command-line-flag"] = draw(st.sampled_from(["-x", "--long", f"-{number}"]))
            if kind != "Flag" and draw(st.booleans()):
                each["command-line-flag-separator"] = draw(st.sampled_from(["=", "", " ", ":"]))
        if kind != "Flag" and draw(st.booleans()):
            each["list"] = True
            if draw(st.booleans()):
                each["list-separator"] = draw(st.sampled_from([",", " ", ":", ";"]))
            values = st.lists(values, min_size=1, max_size=3)
        inputs.append(each)
        if draw(st.booleans()) or not (each["optional"] or has_rules):
            invocation[each["id"]] = draw(values)
    words = [draw(st.sampled_from(["tool", "./run.sh", "sub/tool-2"]))]
    words += [each["value-key"] for each in draw(st.permutations(inputs))]
    outputs = [
        {
            "id": "out",
            "name": "Output",
            "value-key": "[OUT]",
            "path-template": draw(st.sampled_from(["out.txt", "out/[IN0].txt", "[IN0]-x"])),
            "path-template-stripped-extensions": [".nii.gz", ".nii"],
            **draw(st.sampled_from([{}, {"command-line-flag": "-o"}])),
        }
    ]
    if inputs[0]["optional"] or "list" in inputs[0] or inputs[0]["type"] == "Flag":
        outputs[0]["path-template"] = "out.txt"  # The tool leaves keys without values as they are.
    words.insert(draw(st.integers(1, len(words))), "[OUT]")
    line = " ".join(words) + draw(st.sampled_from(["", " && echo done", " | tee log", " > a"]))
    found = {
        "name": "Tool",
        "description": "A tool",
        "tool-version": "1.0.0",
        "schema-version": "0.5",
        "command-line": line,
        "inputs": inputs,
        "output-files": outputs,
    }
    if has_rules:
        _add_rules(draw, found)
    return found, invocation


def _add_rules(draw: st.DrawFn, descriptor: dict[str, Any]) -> None:
    inputs = descriptor["inputs"]
    ids = [each["id"] for each in inputs]
    members: list[str] = []
    if len(ids) > 1 and draw(st.booleans()):
        members = draw(st.lists(st.sampled_from(ids), min_size=2, max_size=3, unique=True))
        # The tool takes the mere mention of mutually-exclusive for true.
        kinds = ({"mutually-exclusive": True}, {"one-is-required": True})
        said = draw(st.sampled_from([*kinds, {**kinds[0], **kinds[1]}]))
        descriptor["groups"] = [{"id": "group", "name": "Group", "members": members, **said}]
    for each in inputs:
        # What is both required and disabled, the tool takes for disabled only.
        others = [id for id in ids if id != each["id"] and not {id, each["id"]} <= set(members)]
        if draw(st.booleans()) and others:
            name = draw(st.sampled_from(["requires-inputs", "disables-inputs"]))
            each[name] = draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
        if each["type"] == "Number" and draw(st.booleans()):
            each["minimum"] = draw(st.integers(-5, 5))
            each["exclusive-minimum"] = draw(st.booleans())
        if each["type"] == "Number" and draw(st.booleans()):
            each["integer"] = True
        if each["type"] == "String" and draw(st.booleans()):
            each["value-choices"] = ["a", "a b", "it's"]
        if each.get("list") and draw(st.booleans()):
            each["min-list-entries"] = 2


@examples(30)
@given(tool=tools())
def test_the_command_is_that_of_the_reference_tool(
    tool: tuple[dict[str, Any], dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    descriptor, invocation = tool
    folder = tmp_path_factory.getbasetemp() / "referee"
    folder.mkdir(exist_ok=True)
    wanted = theirs(descriptor, invocation, folder)
    assert ours(descriptor, invocation) == shlex.split(wanted)


@examples(50)
@given(tools(has_rules=True))
def test_the_same_invocations_are_refused(
    tool: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    descriptor, invocation = tool
    judge = generateInvocationSchema(json.loads(json.dumps(descriptor)))
    is_legal = jsonschema.Draft4Validator(judge).is_valid(invocation)
    schema = application(boutiques(json.dumps(descriptor)).document).parameters
    try:
        parameters.complete(schema, invocation)
    except InvalidParameter:
        assert not is_legal
    else:
        assert is_legal
