"""What the fields of an application file are for, for `application_file`, which checks the names.

Defaults, limits and choices are taken from the records that the fields become.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ripieno.model import presentation, reading_applications
from ripieno.model.action import Verb
from ripieno.model.application import Hold, Strategy
from ripieno.model.configuration import MOST_CONFIGURATIONS
from ripieno.model.port import PortKind
from ripieno.model.route import MOST_ROUTES, Mode
from ripieno.model.workload import MOST_ENTRIES, MOST_REPLICAS, MOST_WORDS, RestartCondition


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Fields that are explained together.

    `places` are where they are in `EVERYTHING`, by what that is called; `fields` are what each
    holds, and what it is if it is not given.
    """

    title: str
    begin: str
    places: Mapping[str, str]
    fields: Mapping[str, tuple[str, str]]


EVERYTHING = (Path(__file__).parent / "everything.yaml").read_text(encoding="utf-8")
"""An application that has every part."""

_MINIMAL = """\
name: minimal
version: 1.0.0
components:
  web: {type: service, command: [serve], tcp_ports: {http: auto}, health: {http: /}}
  once: {type: job, command: [work]}
routes: [{component: web, tcp_port: http}]
"""

_minimal = reading_applications.application(_MINIMAL)
_web, _once = _minimal.components["web"], _minimal.components["once"]
assert _web.workload is not None and _web.workload.health is not None
assert _once.workload is not None
_workload, _health = _web.workload, _web.workload.health
_restart, _route = _workload.restart, _minimal.routes[0]


def _one_of(kind: type[StrEnum], but: Iterable[StrEnum] = ()) -> str:
    return ", ".join(f"`{each}`" for each in kind if each not in but)


_NONE = "none"
_REQUIRED = "required"

SECTIONS = (
    Section(
        title="The application",
        begin="At the top of the document. Who may see it is said in the registry, not here.",
        places={"": ""},
        fields={
            "name": ("a slug: lower case letters, digits and inner dashes, at most 63", _REQUIRED),
            "version": ("a [semantic version](https://semver.org)", _REQUIRED),
            "title": (
                f"how people call it, up to {presentation.MOST_TITLE} characters",
                "its name",
            ),
            "summary": (f"a line for the catalogue, up to {presentation.MOST_SUMMARY}", _NONE),
            "description": (f"Markdown, up to {presentation.MOST_DESCRIPTION:,} characters", _NONE),
            "category": (f"one word or a few, up to {presentation.MOST_WORD} characters", _NONE),
            "tags": (f"a list of up to {presentation.MOST_TAGS} words", _NONE),
            "maintainers": (
                f"up to {presentation.MOST_MAINTAINERS} names or addresses; `user:NAME` and "
                "`group:NAME` may change it, besides its owner",
                _NONE,
            ),
            "source": ("where its code is, an address of the web", _NONE),
            "documentation": ("where it is explained, likewise", _NONE),
            "licence": ("under which it may be used", _NONE),
            "icon": (f"a file beside this one: {', '.join(presentation.PICTURE_ENDINGS)}", _NONE),
            "screenshots": (
                f"up to {presentation.MOST_SCREENSHOTS} [pictures](#screenshots)",
                _NONE,
            ),
            "note": ("for readers of the file", _NONE),
            "parameters": ("a JSON Schema, see [there](../formats.md#parameters)", _NONE),
            "components": ("names (slugs) to [components](#components)", _REQUIRED),
            "component_types": ("names to [component types](#component-types)", _NONE),
            "connections": ("a list of `[c.p, d.q]`, in either order", "matched by interface"),
            "routes": (f"a list of up to {MOST_ROUTES} [routes](#routes)", _NONE),
            "jobs": ("names to mappings, passed on as they are", _NONE),
            "configurations": (
                f"names to [configurations](#configurations), up to {MOST_CONFIGURATIONS}",
                _NONE,
            ),
        },
    ),
    Section(
        title="Screenshots",
        begin="Each is the name of a file beside the application file, or a mapping.",
        places={"": "screenshots[0]"},
        fields={
            "file": ("a relative path", _REQUIRED),
            "title": ("what it shows", _NONE),
        },
    ),
    Section(
        title="Components",
        begin="What each kind of component takes. Of an own type are those whose `type` is one of "
        "`component_types`; they may have a workload for the transitions that `do` something.",
        places={
            "service": "components.viewer",
            "job": "components.fill",
            "external": "components.store",
            "own type": "components.index",
        },
        fields={
            "type": ("`service`, `job`, `external` or a component type of the file", _REQUIRED),
            "command": (
                f"a list of [words](#words), up to {MOST_WORDS:,}; with an image, in the place of "
                "its ENTRYPOINT",
                "that of the image",
            ),
            "args": ("words that follow; with an image, in the place of its CMD", _NONE),
            "image": ("a container image; this or a command is needed", _NONE),
            "env": (
                f"names to texts, numbers, booleans or `{{secret: NAME}}`, up to {MOST_ENTRIES}; "
                "`RIPIENO_…` is reserved",
                _NONE,
            ),
            "tcp_ports": ("names to numbers, `auto` (or 0) for one that is assigned", _NONE),
            "files": ("a list of [files](#files) that are put there before it starts", _NONE),
            "resources": ("what one replica may use, see [resources](#resources)", "no limit"),
            "health": ("how it is asked whether it is [ready](#health)", "ready once it runs"),
            "restart": (
                f"{_one_of(RestartCondition)}, or a [mapping](#restart)",
                f"`{_restart.condition}`; of a job `{_once.workload.restart.condition}`",
            ),
            "stop": ("how it is ended, see [stop](#stop)", "see there"),
            "working_directory": ("a path", "one of its own"),
            "replicas": (f"how many, up to {MOST_REPLICAS:,}", f"{_workload.replicas}"),
            "update": (f"how replicas are replaced: {_one_of(Strategy)}", f"`{_web.strategy}`"),
            "uses": ("names of use ports to an interface, or to a [mapping](#uses)", _NONE),
            "provides": ("tcp_ports (of a job: any names) to interfaces", _NONE),
            "address": ("where it is, see [address](#address)", _REQUIRED),
            "with": ("settings: `${settings.NAME}` in the actions of its type", _NONE),
            "state": ("places where it is to stand", "where its behaviour `deploy` ends"),
            "host": ("the host that it runs on", f"`{_web.host}`"),
            "labels": ("names to texts, for selectors", _NONE),
            "deadline_s": ("how long one transition may take", f"{_web.deadline_s:g}"),
            "for_each": (
                "a list of texts and numbers, or a number (0, 1, …): a component `NAME-ITEM` for "
                "each, with `${each}` in its texts",
                "one component",
            ),
            "title": ("for people", _NONE),
            "description": ("for people", _NONE),
            "note": ("for people", _NONE),
        },
    ),
    Section(
        title="Words",
        begin="A word of `command` and `args` is a text, or a mapping that stands for as many "
        "words as its parameter calls for; [what that is for](../formats.md"
        "#words-that-depend-on-parameters).",
        places={"": "components.viewer.args[0]"},
        fields={
            "parameter": ("a parameter that is a text, number, boolean or list of these", _NONE),
            "join": ("a list of texts and `{parameter: NAME}`, which make one text", _NONE),
            "shell": (
                "a list of texts and of the two above, which make one text for a shell: its own "
                "texts as they are, all else quoted",
                _NONE,
            ),
            "flag": ("a text before the value", _NONE),
            "separator": ("what stands between the flag and the value", "a space: two words"),
            "list_separator": ("what stands between the items of a list", "a space: own words"),
            "strip": ("texts that are taken out of the value", _NONE),
            "base_name": ("`true`: only what follows the last slash", "`false`"),
        },
    ),
    Section(
        title="Files",
        begin="What is put into the working directory. Give `content` or `source`.",
        places={"": "components.viewer.files[0]"},
        fields={
            "target": ("a path in the working directory", _REQUIRED),
            "content": ("the text of the file", _NONE),
            "source": ("a path relative to the application file", _NONE),
            "mode": ("permissions in octal, as in `644`", "those of the source"),
        },
    ),
    Section(
        title="Resources",
        begin="For each replica. Quotas count them.",
        places={"": "components.viewer.resources"},
        fields={
            "cpus": ("processors, from 0.1", "no limit"),
            "memory_mib": ("memory in MiB, from 32", "no limit"),
        },
    ),
    Section(
        title="Health",
        begin="Give one of `http`, `tcp` and `command` (an external has no command).",
        places={"": "components.viewer.health"},
        fields={
            "http": ("a path that has to answer with 200 to 399", _NONE),
            "tcp_port": ("which of the tcp_ports, for `http`", "the first"),
            "tcp": ("a tcp_port that has to take connections", _NONE),
            "command": ("a list of words that has to exit with 0", _NONE),
            "interval_s": ("seconds between two checks", f"{_health.interval_s:g}"),
            "timeout_s": ("seconds that one may take", f"{_health.timeout_s:g}"),
            "failures": ("how many in a row make it unhealthy", f"{_health.failures}"),
            "grace_s": ("seconds after the start in which none counts", f"{_health.grace_s:g}"),
        },
    ),
    Section(
        title="Restart",
        begin="What becomes of a process that has ended by itself.",
        places={"": "components.viewer.restart"},
        fields={
            "condition": (_one_of(RestartCondition), "as above"),
            "backoff_s": (
                "seconds before the first start, twice as many each",
                f"{_restart.backoff_s:g}",
            ),
            "backoff_cap_s": ("and at most so many", f"{_restart.backoff_cap_s:g}"),
            "limit": ("how often", "for ever"),
        },
    ),
    Section(
        title="Stop",
        begin="How a process is ended.",
        places={"": "components.viewer.stop"},
        fields={
            "signal": ("what it is sent first", f"`{_workload.stop_signal}`"),
            "grace_s": ("seconds until it is killed", f"{_workload.grace_s:g}"),
        },
    ),
    Section(
        title="Uses",
        begin="What a component needs; of an own type each port of it, with `select` only.",
        places={"": "components.viewer.uses.store"},
        fields={
            "interface": ("what the provider has to provide", _REQUIRED),
            "select": ("a component, labels that it must have, or `null` for no one", "any"),
            "hold": (f"when it is needed: {_one_of(Hold)}", f"`{Hold.RUNNING}`"),
        },
    ),
    Section(
        title="Address",
        begin="Where an external component is.",
        places={"": "components.store.address"},
        fields={
            "host": ("a name or an address", _REQUIRED),
            "tcp_ports": ("names to numbers", _REQUIRED),
        },
    ),
    Section(
        title="Routes",
        begin="Addresses for browsers; [how to use them](../how-to/reach-applications.md#routes).",
        places={"": "routes[0]"},
        fields={
            "component": ("where it leads to", _REQUIRED),
            "tcp_port": ("which of its tcp_ports", _REQUIRED),
            "access": (
                "who may come in besides the owner of the deployment: `user:NAME`, `group:NAME`, "
                "`everyone` (who has signed in) or `public`",
                "nobody",
            ),
            "name": ("the name in the address", "made from the deployment's"),
            "mode": (
                f"{_one_of(Mode)}: by a host of its own, or by a prefix that is taken off or left",
                f"`{_route.mode}`",
            ),
            "title": ("how people call it", _NONE),
            "path": ("where visitors begin", f"`{_route.path}`"),
            "idle_stop_min": ("minutes without a visit after which it is stopped", "the server's"),
            "lifetime_h": ("hours that it may be up", "the server's"),
            "sticky": (
                "`true`: a visitor stays with one replica",
                f"`{str(_route.is_sticky).lower()}`",
            ),
            "note": ("for readers of the file", _NONE),
        },
    ),
    Section(
        title="Configurations",
        begin="Ways to run the application that are known by name. `resources`, `args` and `env` "
        "are for the one component that runs something; where there are several, give them under "
        "`components`.",
        places={
            "configuration": "configurations.large",
            "component of it": "configurations.large.components.viewer",
        },
        fields={
            "title": ("for people", _NONE),
            "description": ("for people", _NONE),
            "note": ("for people", _NONE),
            "parameters": ("values; what is given at the deployment counts more", _NONE),
            "components": ("names to `{resources, args, env}`", _NONE),
            "resources": ("put over what the component has", _NONE),
            "args": ("in the place of what it has", _NONE),
            "env": ("put over what it has", _NONE),
        },
    ),
    Section(
        title="Component types",
        begin="Life cycles; [what their parts do](../engine.md). [Remarks](../formats.md#remarks) "
        "may be anywhere in them.",
        places={"": "component_types.Index"},
        fields={
            "initial": ("the place where a component begins", _REQUIRED),
            "places": ("a list of names, or a mapping from names to remarks", _REQUIRED),
            "groups": ("names to lists of places and groups", _NONE),
            "transitions": ("names to [transitions](#transitions)", _NONE),
            "switches": ("places to [switches](#switches)", _NONE),
            "ports": ("names to [ports](#ports)", _NONE),
        },
    ),
    Section(
        title="Transitions",
        begin="Each leads from a place to another when its behaviour is asked for.",
        places={"": "component_types.Index.transitions.build"},
        fields={
            "from": ("a place", _REQUIRED),
            "to": ("a place", _REQUIRED),
            "behavior": ("the behaviour that fires it", _REQUIRED),
            "behaviour": ("the same, as others write it", ""),
            "duration": (
                "seconds, or a list: of each execution in turn, the last for the rest",
                "0",
            ),
            "dock_set": (
                "those into one place that share behaviour and this are joined",
                "all in one",
            ),
            "reads": ("use or data use ports whose values the action is given", _NONE),
            "writes": ("provide or data provide ports to values that they carry then", _NONE),
            "raises": ("every simulated execution fails, with this cause", "it succeeds"),
            "action": ("what a deployment does: one of the [actions](#actions)", "nothing"),
        },
    ),
    Section(
        title="Actions",
        begin="Give one of `do`, `call` and `run`.",
        places={
            "do": "component_types.Index.transitions.build.action",
            "call": "component_types.Index.transitions.build_all.action",
            "run": "component_types.Index.transitions.clear.action",
        },
        fields={
            "do": (
                "something with the workload of the component: "
                f"{_one_of(Verb, but=(Verb.CALL, Verb.COMMAND))}",
                "",
            ),
            "call": ("a registered Python coroutine", ""),
            "run": ("a command on the host of the component, done when it exits with 0", ""),
            "with": ("arguments", _NONE),
            "env": ("names to texts", _NONE),
            "working_directory": ("a path", "that of the component"),
            "timeout_s": ("seconds that it may take", "no limit of its own"),
        },
    ),
    Section(
        title="Ports",
        begin="What a component needs of others, and what it offers.",
        places={"": "component_types.Index.ports.size"},
        fields={
            "kind": (_one_of(PortKind), _REQUIRED),
            "on": ("a place, group or (use only) transition, or a list of these", _REQUIRED),
            "interface": ("what it is matched by", "its own name"),
            "rebind": ("use only: seconds in which it can change its provider", "it cannot"),
        },
    ),
    Section(
        title="Switches",
        begin="A value decides which transitions leave a place. The last rule has `else`.",
        places={
            "switch": "component_types.Index.switches.empty",
            "rule": "component_types.Index.switches.empty.rules[0]",
        },
        fields={
            "reads": ("the data use port that it chooses by", _REQUIRED),
            "rules": ("a list, tried in order", _REQUIRED),
            "if": ("`< 5`: a comparison by <, <=, ==, !=, >= or >, or a list `[==, text]`", ""),
            "take": ("the transitions that are taken then", ""),
            "else": ("the transitions that are taken otherwise", ""),
        },
    ),
)
