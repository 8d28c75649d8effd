"""Boutiques descriptors (schema 0.5), command-line tools described in JSON, as applications.

A tool runs once, so it becomes a job; its inputs become parameters. Nothing in a descriptor is
evaluated: `conditional-path-template` holds conditions that the reference tool runs as code, and
here they are only told of.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ripieno.importers import draft
from ripieno.importers.boutiques_command import CommandLine, Output
from ripieno.importers.boutiques_inputs import Asked, Input, read_inputs, schema_of
from ripieno.importers.draft import Draft, Findings
from ripieno.importers.errors import NothingToRun, UnreadableDescription
from ripieno.model import document, names
from ripieno.model.errors import ApplicationError, DocumentError, ModelError
from ripieno.model.node import quoted
from ripieno.model.workload import LEAST_MEMORY_MIB

MOST_BYTES = 1024 * 1024
SCHEMA_VERSION = "0.5"

LONG_S = 24 * 3600
"""How long a tool may run if nothing is said of it."""

_MIB_IN_GB = 1024
_NOT_CARRIED = {
    "tests": "tests of the tool are not carried over",
    "custom": "what is under 'custom' is not carried over",
    "invocation-schema": "the invocation schema is not carried over; the parameters say the same",
    "online-platform-urls": "addresses of platforms that run the tool are not carried over",
}


def boutiques(text: str, *, name: str = "") -> Draft:
    """The draft of a descriptor; `name` is for an application that is to be called otherwise.

    Raises: `ImporterError`.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise UnreadableDescription(f"the descriptor has more than {MOST_BYTES} bytes")
    try:
        node = document.from_plain(json.loads(text))
    except json.JSONDecodeError as problem:
        raise UnreadableDescription(
            f"line {problem.lineno}: not JSON: {problem.msg}; a Boutiques descriptor is JSON"
        ) from problem
    except (ValueError, RecursionError, DocumentError) as problem:
        raise UnreadableDescription(f"not JSON that can be read: {problem}") from problem
    try:
        return _Tool(Asked(node), name).draft()
    except ModelError as problem:
        raise UnreadableDescription(f"no Boutiques descriptor: {problem}") from problem


class _Tool:
    """One descriptor on its way to be an application."""

    def __init__(self, fields: Asked, name: str) -> None:
        self._fields, self._name = fields, name
        self._findings = Findings()
        known = fields.node.mapping()
        if "command-line" not in known or "inputs" not in known:
            raise UnreadableDescription(
                "no Boutiques descriptor: it has to have at least 'command-line' and 'inputs'"
            )

    def draft(self) -> Draft:
        """The draft. Raises: `DocumentError`, `ImporterError`."""
        fields, findings = self._fields, self._findings
        title = draft.line(fields.text("name"))
        version = draft.version(fields.text("tool-version"))
        if version is None:
            findings.missing.append(
                f"version: {quoted(fields.text('tool-version'))} is no semantic version; this is "
                f"{draft.FIRST_VERSION}"
            )
        inputs = read_inputs(fields.items("inputs"), findings)
        outputs = list(self._outputs(inputs))
        schema = schema_of(inputs, fields.items("groups"), findings)
        for each in outputs:
            if each.parameter:
                schema["properties"][each.parameter] = _path_schema(each)
        record = {
            "name": self._name or draft.slug(title, "tool"),
            "version": version or draft.FIRST_VERSION,
            "title": title,
            "description": fields.text("description")[:20_000].strip(),
            "tags": list(self._tags()),
            "source": self._source(),
            "parameters": schema if schema["properties"] else None,
            "components": {draft.slug(title, "tool"): self._component(inputs, outputs)},
        }
        if schema["properties"]:
            names_of = [each.parameter for each in inputs]
            findings.found.append(
                f"{len(inputs)} inputs, which are parameters: {', '.join(names_of)}"
            )
        self._tell_of_the_rest(outputs)
        return draft.finish(record, findings)

    def _tags(self) -> Iterator[str]:
        node = self._fields.get("tags")
        if node is None:
            return
        found: dict[str, None] = {}
        for key, each in node.mapping().items():
            if each.value is True:
                found[key] = None
            for value in each.items() if each.is_list else (each,):
                if isinstance(value.value, str):
                    found[value.value] = None
        yield from draft.tags(found)

    def _source(self) -> str:
        for name in ("url", "descriptor-url"):
            url = draft.url(self._fields.text(name))
            if url:
                self._findings.found.append(f"source: {url}")
                return url
        return ""

    def _component(self, inputs: Sequence[Input], outputs: Sequence[Output]) -> dict[str, Any]:
        fields, findings = self._fields, self._findings
        line = CommandLine(inputs, outputs, findings)
        template = draft.clean(fields.text("command-line"))
        words = line.words(template, fields.text("shell"))
        if not template.strip():
            raise NothingToRun("the command line of the descriptor is empty")
        if isinstance(words[-1], dict) and "shell" in words[-1]:
            findings.notes.append(
                f"the command line is for a shell, so {words[0]} runs it; what parameters hold is "
                "quoted for it"
            )
        component: dict[str, Any] = {"type": "job", "command": words, **self._image()}
        component["env"] = dict(self._env())
        component["resources"] = self._resources()
        files = list(self._files(outputs, line))
        if files:
            component["files"] = files
        component["deadline_s"] = self._deadline_s()
        component["note"] = draft.literal("\n".join(self._remarks(outputs)))
        return {key: value for key, value in component.items() if value not in ({}, "")}

    def _image(self) -> dict[str, Any]:
        """What the tool is installed in."""
        node = self._fields.get("container-image")
        if node is None:
            self._findings.missing.append(
                "image: there is none, so the tool has to be installed on the host; give the host "
                "under 'host' if it is not this one"
            )
            return {}
        container = Asked(node)
        kind, image = container.text("type"), container.text("image")
        index = container.text("index").removesuffix("/")
        is_docker = kind == "docker" or index in ("docker:/", "docker://")
        found: dict[str, Any] = {}
        if image and is_docker:
            if index and "docker:" not in index and not image.startswith(f"{index}/"):
                image = f"{index.removeprefix('https://').removeprefix('http://')}/{image}"
            image = image.removeprefix("docker://")
        else:
            told = f"{kind} {image or container.text('url')}".strip()
            self._findings.notes.append(
                f"the container image ({told}) is none of a registry, and only these can be run; "
                "give 'image' another, or install the tool on the host"
            )
            return {}
        if len(image) > 500 or not image.isascii() or not image.isprintable() or " " in image:
            self._findings.notes.append(f"the image {quoted(image)} is no name of one")
            return {}
        self._findings.found.append(f"image: {image}")
        found["image"] = draft.literal(image)
        folder = container.text("working-directory")
        if folder:
            found["working_directory"] = draft.literal(folder)
        for name in ("container-opts", "container-hash"):
            if name in container:
                self._findings.notes.append(f"{name} of the image is not carried over")
        return found

    def _env(self) -> Iterator[tuple[str, str]]:
        for node in self._fields.items("environment-variables"):
            variable = Asked(node)
            name = variable.text("name")
            try:
                names.check_variable(name)
            except ApplicationError as problem:
                self._findings.notes.append(f"a variable is not carried over: {problem}")
                continue
            yield name, draft.literal(variable.text("value"))

    def _resources(self) -> dict[str, Any]:
        node = self._fields.get("suggested-resources")
        asked = Asked(node) if node is not None else None
        cpus = asked.number("cpu-cores") if asked else None
        ram = asked.number("ram") if asked else None
        found: dict[str, Any] = {}
        if cpus is not None and 1 <= cpus <= 10_000:
            found["cpus"] = cpus
        if ram is not None and 0 < ram < 10**6:
            found["memory_mib"] = max(LEAST_MEMORY_MIB, math.ceil(ram * _MIB_IN_GB))
        for name in ("disk-space", "nodes"):
            if asked and name in asked:
                self._findings.notes.append(
                    f"{name} of the suggested resources is not carried over"
                )
        if found:
            self._findings.found.append(
                "resources: " + ", ".join(f"{name} {value}" for name, value in found.items())
            )
        if len(found) < 2:
            self._findings.missing.append("resources: say how many cpus and memory_mib a run needs")
        return found

    def _deadline_s(self) -> int:
        node = self._fields.get("suggested-resources")
        estimate = Asked(node).number("walltime-estimate") if node is not None else None
        if estimate is not None and 0 < estimate < 10**8:
            deadline_s = max(60, math.ceil(10 * estimate))
            self._findings.found.append(f"estimated time: {estimate:g} s, so 10 times that at most")
            return deadline_s
        self._findings.missing.append("deadline_s: say how long a run may take; this is a day")
        return LONG_S

    def _outputs(self, inputs: Sequence[Input]) -> Iterator[Output]:
        taken = {each.parameter for each in inputs}
        for node in self._fields.items("output-files"):
            fields = Asked(node)
            output = Output(
                id=fields.text("id"),
                name=draft.line(fields.text("name")),
                key=fields.text("value-key"),
                path=fields.text("path-template") or None,
                strips=fields.texts("path-template-stripped-extensions"),
                flag=fields.text("command-line-flag"),
                separator=fields.text("command-line-flag-separator", " "),
                lines=fields.texts("file-template"),
            )
            if fields.flag("uses-absolute-path"):
                self._findings.notes.append(
                    f"output {quoted(output.id)} wants an absolute path, and is given one in the "
                    "working directory"
                )
            if output.path is None:
                self._tell_conditions(fields, output)
                if output.key:
                    name = draft.unique(draft.parameter(output.id), taken, most=100)
                    taken.add(name)
                    output = replace(output, parameter=name)
            yield output

    def _tell_conditions(self, fields: Asked, output: Output) -> None:
        """Say what the path of an output depends on, which is not looked into."""
        conditions = [
            f"{draft.line(condition, 80)}: {draft.line(str(path.value), 80)}"
            for each in fields.items("conditional-path-template")
            for condition, path in each.mapping().items()
        ]
        told = "; ".join(conditions[:10]) or "no condition is given"
        then = (
            "it is a parameter, so say in each run what it should be"
            if output.key
            else "the command line does not name it"
        )
        self._findings.notes.append(
            f"the path of output {quoted(output.id)} depends on conditions, which are not "
            f"evaluated ({told}); {then}"
        )

    def _files(self, outputs: Sequence[Output], line: CommandLine) -> Iterator[dict[str, str]]:
        """Configuration files, which a descriptor has among its outputs."""
        for each in outputs:
            if not each.lines:
                continue
            target = line.reference(each.path) if each.path else None
            where = f"configuration file {quoted(each.id)}"
            try:
                names.check_relative((target or "").removeprefix("./"), "it")
            except ApplicationError:
                self._findings.notes.append(
                    f"{where} is not carried over: its path {quoted(each.path or '')} leads out of "
                    "the working directory, or is not known in every run; write it into 'files'"
                )
                continue
            self._findings.notes.append(
                f"{where} is under 'files'; what parameters hold is in it as it is, not quoted"
            )
            content = line.file_text(each.lines, where)
            yield {"target": (target or "").removeprefix("./"), "content": content}

    def _remarks(self, outputs: Sequence[Output]) -> Iterator[str]:
        """What people should know of a run, for which there is no field."""
        for each in outputs:
            if each.path is not None and not each.lines:
                yield f"makes {draft.line(each.path)} ({each.name or each.id})"
        for node in self._fields.items("error-codes"):
            code = Asked(node)
            number, told = code.number("code"), draft.line(code.text("description"))
            if number is not None:
                yield f"exit code {number:g}: {told}"

    def _tell_of_the_rest(self, outputs: Sequence[Output]) -> None:
        fields, findings = self._fields, self._findings
        for each in outputs:
            if each.path is not None and not each.lines:
                findings.found.append(f"output {each.name or each.id}: {each.path}")
        for name in ("author", "doi", "tool-doi"):
            if name in fields:
                findings.found.append(f"{name}: {fields.text(name)}")
        if "deprecated-by-doi" in fields:
            findings.notes.append("the descriptor says that it is deprecated")
        if fields.text("schema-version") != SCHEMA_VERSION:
            findings.notes.append(
                f"it is of schema {quoted(fields.text('schema-version'))}, and is read as "
                f"{SCHEMA_VERSION}"
            )
        findings.notes.extend(told for name, told in _NOT_CARRIED.items() if name in fields)


def _path_schema(output: Output) -> dict[str, Any]:
    return {"type": "string", "title": output.name or output.id, "description": "a path (output)"}
