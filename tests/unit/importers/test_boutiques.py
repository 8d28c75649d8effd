"""Boutiques descriptors as drafts: what is carried over, what is told of, what is refused."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ripieno.importers.boutiques import boutiques
from ripieno.importers.draft import Draft
from ripieno.importers.errors import ImporterError, UnreadableDescription
from ripieno.model import parameters, references
from ripieno.model.application import Application
from ripieno.model.errors import InvalidParameter
from ripieno.model.reading_applications import application, resolve
from ripieno.model.workload import FileTransfer, Workload
from tests.drawing import examples
from tests.strategies import data


def descriptor(**fields: Any) -> dict[str, Any]:
    """A small descriptor with other fields (None: without); `inputs` are by id."""
    inputs = fields.pop("inputs", {})
    found = {
        "name": "My Tool",
        "tool-version": "v1.2",
        "description": "Does it.",
        "command-line": "tool [A] [B]",
        "schema-version": "0.5",
        "inputs": [{"id": id, "name": id.upper(), **each} for id, each in inputs.items()],
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return {name: value for name, value in found.items() if value is not None}


def draft(**fields: Any) -> Draft:
    return boutiques(json.dumps(descriptor(**fields)))


def read(found: Draft) -> Application:
    return application(found.document)


def tool(found: Draft, **values: Any) -> Workload:
    workload = resolve(read(found), values).components["my-tool"].workload
    assert workload is not None
    return workload


def properties(found: Draft) -> dict[str, Any]:
    return {
        name: dict(each) for name, each in parameters.properties(read(found).parameters).items()
    }


def component(found: Draft) -> dict[str, Any]:
    content = yaml.safe_load(found.document)
    return dict(content["components"]["my-tool"])


A = {"type": "String", "value-key": "[A]"}
NUMBER = {"type": "Number", "value-key": "[A]"}


def test_the_header_is_carried_over() -> None:
    found = draft(
        url="https://example.org/tool",
        author="Ann",
        doi="10.1/2",
        tags={"domain": "mri", "kind": ["a", "b"], "fast": True, "slow": False, "a": "a"},
    )
    content = yaml.safe_load(found.document)
    assert (content["name"], content["version"]) == ("my-tool", "1.2.0")
    assert (content["title"], content["description"]) == ("My Tool", "Does it.")
    assert content["source"] == "https://example.org/tool"
    assert content["tags"] == ["mri", "a", "b", "fast"]
    assert {"author: Ann", "doi: 10.1/2"} <= set(found.found)
    assert read(found).components["my-tool"].kind == "job"
    assert read(boutiques(json.dumps(descriptor()), name="other")).name == "other"


@pytest.mark.parametrize("version", ["2021-03", "latest", "", "1.2.3.4", None])
def test_a_version_that_is_none_is_missing(version: str | None) -> None:
    found = draft(tool_version=version)
    assert read(found).version == "0.1.0"
    assert found.missing[0].startswith("version: ")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"type": "String"}, {"type": "string"}),
        ({"type": "File", "description": "It"}, {"type": "string", "description": "It (a path)"}),
        ({"type": "Flag"}, {"type": "boolean", "default": False}),
        ({"type": "Flag", "default-value": True}, {"type": "boolean", "default": True}),
        ({"type": "Number"}, {"type": "number"}),
        (
            {"type": "Number", "integer": True, "default-value": 3},
            {"type": "integer", "default": 3},
        ),
        ({"type": "Number", "minimum": 0, "maximum": 9}, {"minimum": 0, "maximum": 9}),
        (
            {"type": "Number", "minimum": 0.5, "exclusive-minimum": True},
            {"exclusiveMinimum": 0.5},
        ),
        ({"type": "Number", "maximum": 1, "exclusive-maximum": True}, {"exclusiveMaximum": 1}),
        ({"type": "String", "value-choices": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "Number", "value-choices": [1, 2.5]}, {"type": "number", "enum": [1, 2.5]}),
        ({"type": "String", "value-choices": ["a", 1]}, {"enum": ["a", 1]}),
        (
            {"type": "String", "list": True, "min-list-entries": 1, "max-list-entries": 3},
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
        ),
    ],
)
def test_an_input_becomes_a_parameter(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = properties(draft(inputs={"a": {"value-key": "[A]", **given}}))["a"]
    assert found["title"] == "A"
    assert {name: found[name] for name in wanted} == wanted


def test_what_is_neither_optional_nor_has_a_default_is_required() -> None:
    inputs = {
        "a": A,
        "b": {"type": "String", "value-key": "[B]", "default-value": "x"},
        "c": {"type": "String", "optional": True},
    }
    assert read(draft(inputs=inputs)).parameters["required"] == ["a"]


def test_a_default_that_does_not_fit_is_left_out() -> None:
    found = draft(inputs={"a": {**NUMBER, "default-value": "many"}})
    assert "default" not in properties(found)["a"]
    assert any("the default of input 'a' is left out" in each for each in found.notes)


def test_names_that_no_parameter_can_have_are_changed() -> None:
    found = draft(inputs={"1a,b": A, "_1a_b": {"type": "Number", "value-key": "[B]"}})
    assert list(properties(found)) == ["_1a_b", "_1a_b-2"]
    assert tool(found, **{"_1a_b": "x", "_1a_b-2": 3}).argv == ("tool", "x", "3")


RULES = {
    "a": {"type": "String", "value-key": "[A]", "optional": True, "value-choices": ["x", "y"]},
    "b": {"type": "Number", "value-key": "[B]", "optional": True},
    "f": {"type": "Flag", "value-key": "[F]", "optional": True, "command-line-flag": "-f"},
}


@pytest.mark.parametrize(
    ("more", "group", "good", "bad", "words"),
    [
        ({"a": {"requires-inputs": ["b"]}}, {}, [{}, {"b": 1}], [{"a": "x"}], "a needs b"),
        ({"f": {"requires-inputs": ["b"]}}, {}, [{"f": False}], [{"f": True}], "f needs b"),
        ({"a": {"requires-inputs": ["f"]}}, {}, [{"a": "x", "f": True}], [{"a": "x"}], "a needs f"),
        (
            {"a": {"disables-inputs": ["b", "f"]}},
            {},
            [{"a": "x", "f": False}, {"b": 1, "f": True}],
            [{"a": "x", "b": 1}, {"a": "x", "f": True}],
            "with a, leave out b, f",
        ),
        (
            {"a": {"value-requires": {"x": ["b"]}}},
            {},
            [{"a": "y"}, {"a": "x", "b": 1}],
            [{"a": "x"}],
            "a=x needs b",
        ),
        (
            {"a": {"value-disables": {"x": ["b"]}}},
            {},
            [{"a": "y", "b": 1}, {"a": "x"}],
            [{"a": "x", "b": 1}],
            "with a=x, leave out b",
        ),
        (
            {},
            {"mutually-exclusive": True},
            [{}, {"a": "x"}, {"b": 1, "f": False}],
            [{"a": "x", "b": 1}, {"b": 1, "f": True}],
            "give at most one of a, b, f",
        ),
        (
            {},
            {"one-is-required": True},
            [{"a": "x"}, {"f": True}, {"a": "x", "b": 1}],
            [{}, {"f": False}],
            "give at least one of a, b, f",
        ),
        (
            {},
            {"mutually-exclusive": True, "one-is-required": True},
            [{"a": "x"}, {"f": True}],
            [{}, {"a": "x", "b": 1}],
            "give exactly one of a, b, f",
        ),
        (
            {},
            {"all-or-none": True},
            [{}, {"a": "x", "b": 1, "f": True}],
            [{"a": "x"}, {"a": "x", "b": 1}],
            "give all of a, b, f, or none",
        ),
        (
            {"b": {"requires-inputs": ["g"]}, "f": {"value-key": "[F]"}},
            {"members": ["a", "f"]},
            [{"a": "x", "b": 1}, {"b": 1, "f": True}, {"a": "x"}],
            [{"b": 1}, {"b": 1, "f": False}],
            "b needs a or f",
        ),
    ],
)
def test_what_depends_on_one_another_is_a_rule_of_the_parameters(
    more: dict[str, Any],
    group: dict[str, Any],
    good: list[dict[str, Any]],
    bad: list[dict[str, Any]],
    words: str,
) -> None:
    inputs = {id: {**each, **more.get(id, {})} for id, each in RULES.items()}
    groups = [{"id": "g", "name": "G", "members": ["a", "b", "f"], **group}] if group else None
    schema = read(draft(inputs=inputs, groups=groups, command_line="t [A] [B] [F]")).parameters
    for values in good:
        parameters.complete(schema, values)
    for values in bad:
        with pytest.raises(InvalidParameter, match=f"^parameters: {words}$"):
            parameters.complete(schema, values)


def test_what_is_named_and_not_there_is_told() -> None:
    found = draft(
        inputs={"a": {**A, "requires-inputs": ["x"], "disables-inputs": ["y"]}},
        groups=[{"id": "g", "name": "G", "members": ["z"], "one-is-required": True}],
    )
    told = [each for each in found.notes if "which is not there" in each]
    assert [each.split("'")[3] for each in told] == ["z", "x", "y"]


@pytest.mark.parametrize(
    ("line", "given", "values", "wanted"),
    [
        ("tool [A]", A, {"a": "x y"}, ["tool", "x y"]),
        ("tool --a=[A]/b", A, {"a": "x y"}, ["tool", "--a=x y/b"]),
        ("tool  [A] ", {**A, "optional": True}, {}, ["tool"]),
        ("tool [A]", {**A, "command-line-flag": "-a"}, {"a": "x"}, ["tool", "-a", "x"]),
        (
            "tool [A] | cat",
            A,
            {"a": "it's"},
            ["/bin/sh", "-c", "tool 'it'\"'\"'s' | cat"],
        ),
        ("tool x[A]", {**A, "optional": True}, {"a": "1"}, ["/bin/sh", "-c", "tool x1"]),
        ("FOO=1 tool [A]", A, {"a": "x"}, ["/bin/sh", "-c", "FOO=1 tool x"]),
        ("[A] b", A, {"a": "x"}, ["/bin/sh", "-c", "x b"]),
        ("tool ${HOME} [A]", A, {"a": "${b}"}, ["/bin/sh", "-c", "tool ${HOME} '${b}'"]),
        ("tool [UNKNOWN] [A]", A, {"a": "x"}, ["/bin/sh", "-c", "tool [UNKNOWN] x"]),
    ],
)
def test_a_key_stands_for_its_value_and_a_shell_is_used_only_where_it_is_needed(
    line: str, given: dict[str, Any], values: dict[str, Any], wanted: list[str]
) -> None:
    found = tool(draft(command_line=line, inputs={"a": given}), **values)
    assert [references.resolve(each, {}) for each in found.argv] == wanted


def test_a_shell_may_be_another_one() -> None:
    found = draft(command_line="a; b", shell="/bin/bash")
    assert tool(found).argv == ("/bin/bash", "-c", "a; b")
    assert any("so /bin/bash runs it" in each for each in found.notes)


@pytest.mark.parametrize(
    ("container", "image", "words"),
    [
        ({"type": "docker", "image": "a/b:1"}, "a/b:1", ""),
        ({"type": "docker", "image": "b", "index": "ghcr.io"}, "ghcr.io/b", ""),
        ({"type": "docker", "image": "b", "index": "https://ghcr.io/"}, "ghcr.io/b", ""),
        ({"type": "singularity", "image": "a/b", "index": "docker://"}, "a/b", ""),
        ({"type": "singularity", "image": "a/b"}, None, "is none of a registry"),
        ({"type": "rootfs", "url": "http://x/y.tgz"}, None, "is none of a registry"),
        ({"type": "docker", "image": "a b"}, None, "is no name of one"),
        ({"type": "docker", "image": "b", "container-opts": ["-v"]}, "b", "container-opts of the"),
    ],
)
def test_the_image_is_carried_over_if_it_is_one_of_a_registry(
    container: dict[str, Any], image: str | None, words: str
) -> None:
    found = draft(container_image=container)
    workload = tool(found)
    assert workload.image == image
    assert (workload.entrypoint if image else workload.argv) == ("/bin/sh", "-c", "tool [A] [B]")
    assert any(words in each for each in found.notes) or not words


def test_what_a_run_needs_is_carried_over() -> None:
    found = draft(
        environment_variables=[
            {"name": "A", "value": "${x}"},
            {"name": "RIPIENO_X", "value": "1"},
            {"name": "a,b", "value": "1"},
        ],
        suggested_resources={"cpu-cores": 2, "ram": 0.5, "walltime-estimate": 60, "nodes": 2},
        container_image={"type": "docker", "image": "a", "working-directory": "/srv"},
    )
    assert component(found)["env"] == {"A": "$${x}"}
    assert component(found)["resources"] == {"cpus": 2, "memory_mib": 512}
    assert component(found)["deadline_s"] == 600
    assert tool(found).working_directory == "/srv"
    assert not found.missing
    assert sum("a variable is not carried over" in each for each in found.notes) == 2
    assert any("nodes of the suggested resources" in each for each in found.notes)


def test_what_is_not_said_is_missing() -> None:
    missing = " ".join(draft().missing)
    assert "image: there is none" in missing
    assert "resources: say how many" in missing
    assert "deadline_s: say how long" in missing


OUTPUT = {"id": "out", "name": "Out", "value-key": "[B]"}


@pytest.mark.parametrize(
    ("output", "path", "wanted"),
    [
        ({"path-template": "o.txt"}, "/x/a.nii.gz", ("o.txt",)),
        ({"path-template": "[A].txt"}, "/x/a.nii.gz", ("/x/a.nii.gz.txt",)),
        ({"path-template": "d/[A].txt"}, "/x/a.nii.gz", ("d/a.nii.gz.txt",)),
        (
            {"path-template": "d/[A]", "path-template-stripped-extensions": [".nii.gz", ".nii"]},
            "/x/a.nii.gz",
            ("d/a",),
        ),
        ({"path-template": "o", "command-line-flag": "-o"}, "a", ("-o", "o")),
        (
            {
                "path-template": "o [A]",
                "command-line-flag": "-o",
                "command-line-flag-separator": "=",
            },
            "a",
            ("-o=o a",),
        ),
    ],
)
def test_an_output_is_given_as_the_path_that_its_template_makes(
    output: dict[str, Any], path: str, wanted: tuple[str, ...]
) -> None:
    found = draft(inputs={"a": {**A, "type": "File"}}, output_files=[{**OUTPUT, **output}])
    assert tool(found, a=path).argv == ("tool", path, *wanted)
    assert f"output Out: {output['path-template']}" in found.found
    assert f"makes {output['path-template']} (Out)" in component(found)["note"]


def test_a_condition_is_never_evaluated_and_always_told() -> None:
    condition = "__import__('os').system('touch /tmp/evaluated')"
    found = draft(
        inputs={"a": A},
        output_files=[
            {**OUTPUT, "conditional-path-template": [{condition: "x"}, {"default": "y"}]},
            {"id": "two", "name": "Two", "conditional-path-template": [{"default": "z"}]},
        ],
    )
    assert tool(found, a="1", out="mine").argv == ("tool", "1", "mine")
    (first, second) = (each for each in found.notes if "depends on conditions" in each)
    assert "__import__('os')" in first and "default: y" in first and "it is a parameter" in first
    assert "the command line does not name it" in second


def test_configuration_files_are_files() -> None:
    found = draft(
        inputs={"a": A, "b": {"type": "Number", "value-key": "[B]", "optional": True}},
        output_files=[
            {
                **{
                    "id": "conf",
                    "name": "Conf",
                    "value-key": "[C]",
                    "path-template": "./c/[A].txt",
                },
                "file-template": ["# $[A]", "a=[A]", "b=[B]", "end"],
            },
            {"id": "out", "name": "O", "path-template": "/etc/x", "file-template": ["x"]},
        ],
    )
    assert tool(found, a="1 2").files == (
        FileTransfer(target="c/1 2.txt", content="# $1 2\na=1 2\nend"),
    )
    told = " ".join(found.notes)
    assert "the line 'b=[B]' is left out" in told
    assert "its path '/etc/x' leads out of the working directory" in told


def test_everything_else_is_told_by_name() -> None:
    found = draft(
        tests=[],
        custom={"a": 1},
        schema_version="0.4",
        deprecated_by_doi=True,
        error_codes=[{"code": 2, "description": "No file"}],
    )
    told = " ".join(found.notes)
    for words in ("tests of the tool", "'custom'", "is deprecated", "it is of schema '0.4'"):
        assert words in told
    assert component(found)["note"] == "exit code 2: No file"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: not JSON"),
        ("name: yaml", "a Boutiques descriptor is JSON"),
        ("[]", "expected a mapping"),
        ("{}", "at least 'command-line' and 'inputs'"),
        ("[" * 5000, "not JSON that can be read"),
        ('{"a": ' * 99 + "1" + "}" * 99, "not JSON that can be read"),
        ('"' + "x" * 2**20 + '"', "more than 1048576 bytes"),
        (json.dumps(descriptor(command_line=" ")), "is empty"),
        (json.dumps({"command-line": "a"}), "at least 'command-line' and 'inputs'"),
        (json.dumps(descriptor(inputs={"a": {"type": "Text"}})), "types are String, File"),
        (json.dumps({**descriptor(), "inputs": [{}]}), "the id '' of an input is missing"),
        (json.dumps(descriptor(inputs={f"a{n}": A for n in range(201)})), "201 parameters"),
    ],
)
def test_what_is_no_descriptor_is_refused(text: str, words: str) -> None:
    with pytest.raises(ImporterError, match=words):
        boutiques(text)


FIELDS = st.sampled_from(
    [
        *("name", "tool-version", "description", "command-line", "inputs", "groups", "tags", "url"),
        *("output-files", "container-image", "environment-variables", "suggested-resources"),
        *("error-codes", "shell", "type", "id", "value-key", "list", "value-choices", "members"),
        *("path-template", "conditional-path-template", "file-template", "default-value", "image"),
        *("command-line-flag", "list-separator", "optional", "requires-inputs", "minimum"),
    ]
)
ANY = st.recursive(
    data | st.sampled_from(["String", "Flag", "[A]", "${x}", "$", "docker", "\0", "\ud800", "a.b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@examples(100)
@given(st.dictionaries(FIELDS, ANY, max_size=6), st.booleans())
def test_anything_makes_a_legal_application_or_is_refused_on_purpose(
    fields: dict[str, Any], is_complete: bool
) -> None:
    whole = {**descriptor(inputs={"a": A}), **fields} if is_complete else fields
    try:
        found = boutiques(json.dumps(whole))
    except ImporterError:
        return
    assert read(found).components
    assert all(each.isprintable() for each in (*found.found, *found.missing, *found.notes))


@given(st.text(max_size=100))
def test_any_text_is_refused_on_purpose(text: str) -> None:
    with pytest.raises(UnreadableDescription):
        boutiques(text)
