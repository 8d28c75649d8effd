"""Application files: what is read, how parameters are put in, what is refused and how."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import errors
from ripieno.model.application import Application, Hold, Strategy, Use
from ripieno.model.port import PortRef
from ripieno.model.reading_applications import application, outline, resolve
from ripieno.model.workload import (
    FileTransfer,
    HealthKind,
    RestartCondition,
    RestartPolicy,
    Secret,
    Workload,
)
from tests.drawing import examples

EXAMPLES = sorted(Path("examples/applications").glob("*.yaml"))

HEAD = "name: demo\nversion: 1.0.0\n"


def read(components: str, more: str = "") -> Application:
    """An application with these components, settled with defaults."""
    return resolve(application(f"{HEAD}{more}components:\n{components}", "f.yaml"), {})


def workload_of(found: Application, name: str) -> Workload:
    workload = found.components[name].workload
    assert workload is not None
    return workload


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_legal(path: Path) -> None:
    found = application(path.read_text(encoding="utf-8"), path.name)
    given = {"archive": "archive.example.org"} if found.name == "survey" else {}
    settled = resolve(found, given)
    assert found.is_open
    assert not settled.is_open
    assert settled.components


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


def test_a_published_application_shows_references_and_default_numbers() -> None:
    found = application(Path("examples/applications/brain-viewer.yaml").read_text(encoding="utf-8"))
    viewer = workload_of(found, "viewer")
    assert viewer.argv == ("--atlas", "${parameters.atlas}")
    assert viewer.memory_mib == 256
    settled = workload_of(resolve(found, {"atlas": "desikan", "memory_mib": 512}), "viewer")
    assert settled.argv == ("--atlas", "desikan")
    assert settled.memory_mib == 512
    assert settled.env == {"DB_URL": "${store.sql.url}"}


def test_everything_that_a_service_can_say_is_read() -> None:
    found = read(
        """
  web:
    type: service
    title: Web
    command: [server, 8, 0.5, true]
    args: ["$${HOME}"]
    image: example.org/web:1
    env: {A: x, B: 2, C: false, D: {secret: password}, E: "${settings.x}${component}"}
    resources: {cpus: 2, memory_mib: 64.0}
    tcp_ports: {http: auto, admin: 8081, other: 0}
    files:
      - {source: conf/a.txt, target: a.txt, mode: 0640}
      - {content: "${ports.http}", target: b/c.txt, mode: "755"}
    health: {http: /healthz, tcp_port: admin, interval_s: 1, timeout_s: 2, failures: 4, grace_s: 5}
    restart: {condition: on_failure, backoff_s: 120, limit: 3}
    replicas: 2
    stop: {signal: SIGINT, grace_s: 3}
    working_directory: sub
    uses:
      store: postgresql
      cache: {interface: redis, select: other, hold: starting}
      queue: {interface: amqp, select: {zone: 1.10}}
      mail: {interface: smtp, select: null}
    provides: {http: web}
    host: big-1
    labels: {zone: a, n: 1}
    update: rolling
    deadline_s: 30
  other: {type: service, image: other, restart: never}
""".replace("${settings.x}", "")
    )
    web = found.components["web"]
    assert web.host == "big-1"
    assert web.labels == {"zone": "a", "n": "1"}
    assert web.strategy is Strategy.ROLLING
    assert web.deadline_s == 30.0
    assert web.provides == {"http": "web"}
    assert web.uses == {
        "store": Use(port="store", interface="postgresql"),
        "cache": Use(port="cache", interface="redis", select="other", hold=Hold.STARTING),
        "queue": Use(port="queue", interface="amqp", select={"zone": "1.10"}),
        "mail": Use(port="mail", interface="smtp", select=None),
    }
    run = workload_of(found, "web")
    assert run.image == "example.org/web:1"
    assert run.entrypoint == ("server", "8", "0.5", "true")
    assert run.argv == ("$${HOME}",)
    assert run.env == {
        "A": "x",
        "B": "2",
        "C": "false",
        "D": Secret(name="password"),
        "E": "${component}",
    }
    assert (run.cpus, run.memory_mib) == (2.0, 64)
    assert run.tcp_ports == {"http": 0, "admin": 8081, "other": 0}
    assert run.files == (
        FileTransfer(target="a.txt", source="conf/a.txt", mode=0o640),
        FileTransfer(target="b/c.txt", content="${ports.http}", mode=0o755),
    )
    assert run.health is not None
    assert (run.health.kind, run.health.path) == (HealthKind.HTTP, "/healthz")
    assert (run.health.tcp_port, run.health.failures) == ("admin", 4)
    assert run.restart == RestartPolicy(
        condition=RestartCondition.ON_FAILURE, backoff_s=120.0, backoff_cap_s=120.0, limit=3
    )
    assert (run.replicas, run.stop_signal, run.grace_s) == (2, "INT", 3.0)
    assert run.working_directory == "sub"
    assert workload_of(found, "other").restart.condition is RestartCondition.NEVER


PARAMETERS = """
parameters:
  properties:
    n: {type: integer, default: 2}
    names: {type: array, default: [a, b]}
    env: {type: object, default: {A: 1, B: "${x}"}}
    text: {type: string, default: "${store.url} $$"}
"""


def test_parameters_keep_their_type_where_they_are_all_of_a_value() -> None:
    found = read(
        """
  web:
    type: service
    command: "${parameters.names}"
    args: ["${parameters.n}", "x${parameters.n}"]
    env: "${parameters.env}"
    replicas: ${parameters.n}
    labels: {n: "${parameters.n}", t: "${parameters.text}"}
""",
        PARAMETERS,
    )
    run = workload_of(found, "web")
    assert run.replicas == 2
    assert run.argv == ("a", "b", "2", "x2")
    assert run.env == {"A": "1", "B": "$${x}"}
    assert found.components["web"].labels == {"n": "2", "t": "${store.url} $$"}


def test_what_a_parameter_holds_is_no_reference() -> None:
    found = read(
        '\n  web: {type: service, command: [a, "${parameters.text}", "=${parameters.text}{a}"]}',
        PARAMETERS,
    )
    assert workload_of(found, "web").argv == ("a", "$${store.url} $$", "=$${store.url} $$$${a}")


def test_for_each_makes_a_component_of_each_item() -> None:
    found = read(
        """
  db:
    type: service
    for_each: "${parameters.names}"
    image: db
    tcp_ports: {sql: 5432}
    provides: {sql: "sql-${each}"}
  web:
    type: service
    for_each: ${parameters.n}
    image: web
    env: {N: "${each}"}
    labels: {n: "${each}"}
    uses: {store: {interface: sql-a, select: db-a}}
  one:
    type: service
    for_each: [x, 7]
    image: "${each}"
connections: [[web-0.store, db-a.sql], [db-b.sql, web-1.store]]
""".replace("[db-b.sql, web-1.store]", "[db-a.sql, web-1.store]"),
        PARAMETERS,
    )
    assert list(found.components) == ["db-a", "db-b", "web-0", "web-1", "one-x", "one-7"]
    assert found.components["db-b"].provides == {"sql": "sql-b"}
    assert workload_of(found, "web-1").env == {"N": "1"}
    assert workload_of(found, "one-7").image == "7"
    assert found.connections[1] == (PortRef("db-a", "sql"), PortRef("web-1", "store"))


OWN = """
component_types:
  Agent:
    initial: off
    places: [off, set, up]
    transitions:
      set:
        from: off
        to: set
        behavior: deploy
        action: {call: resize, with: {n: "${settings.n}"}}
      start: {from: set, to: up, behavior: deploy, action: {do: start}}
      stop: {from: up, to: off, behavior: stop}
    ports: {naming: {kind: use, on: up, interface: name}, agent: {kind: provide, on: up}}
"""


def test_a_component_of_an_own_type_has_settings_and_stands_where_deploy_ends() -> None:
    found = read(
        """
  a: {type: Agent, with: {n: [1, "${host}"]}, uses: {naming: {select: {k: v}}}}
  b: {type: Agent, state: set, command: [agent], tcp_ports: {x: 0}}
""",
        OWN,
    )
    a, b = found.components["a"], found.components["b"]
    assert a.settings == {"n": [1, "${host}"]}
    assert a.workload is None
    assert a.uses == {"naming": Use(port="naming", interface="name", select={"k": "v"})}
    assert (a.state, b.state) == (("up",), ("set",))
    assert workload_of(found, "b").argv == ("agent",)
    assert b.uses == {"naming": Use(port="naming", interface="name")}


def test_what_is_external_has_an_address_and_perhaps_health() -> None:
    found = read(
        """
  mail:
    type: external
    address: {host: mail.example.org, tcp_ports: {smtp: 25}}
    provides: {smtp: smtp}
    health: {tcp: smtp, timeout_s: 3}
"""
    )
    address = found.components["mail"].address
    assert address is not None and address.health is not None
    assert (address.host, address.tcp_ports) == ("mail.example.org", {"smtp": 25})
    assert address.health.timeout_s == 3.0


def test_jobs_are_passed_on_as_they_are() -> None:
    found = read(
        "  web: {type: service, image: a, tcp_ports: {http: 80}}\n"
        "jobs: {nightly: {at: '0 3 * * *'}}\n"
    )
    assert found.jobs == {"nightly": {"at": "0 3 * * *"}}


WEB = "  web: {type: service, image: a, tcp_ports: {http: 80}"


@pytest.mark.parametrize(
    ("components", "more", "words"),
    [
        ("  {}", "", "f.yaml:3: components: there are no components"),
        ("  web: {image: a}", "", "f.yaml:4: components.web: the field 'type' is missing"),
        ("  web: {type: sevice}", "", "components.web.type: there is no component type 'sevice' "),
        (f"{WEB}, imag: b}}", "", "unknown field 'imag' (did you mean 'image'?); fields here are"),
        ("  web: {type: service}", "", "components.web: there is nothing to run"),
        ("  Web: {type: service, image: a}", "", "'Web' cannot be the name of a component"),
        (f"{WEB}, replicas: two}}", "", "components.web.replicas: expected a number, found"),
        (f"{WEB}, replicas: 1.5}}", "", "expected a whole number, found 1.5"),
        (f"{WEB}, health: {{http: /, interval_s: 0}}}}", "", "health.interval_s: health: interv"),
        (f"{WEB}, health: {{http: /, tcp: x}}}}", "", "write a health check as"),
        (f"{WEB}, restart: sometimes}}", "", "'sometimes' is unknown here; give always, on_fail"),
        (f"{WEB}, restart: {{backoff_s: 0}}}}", "", "components.web.restart.backoff_s: restart:"),
        (f"{WEB}, env: {{A: {{sercet: x}}}}}}", "", "unknown field 'sercet'"),
        (f"{WEB}, env: {{A: [1]}}}}", "", "components.web.env.A: expected text, found a list"),
        (f"{WEB}, env: {{A: '${{stor.url}}'}}}}", "", "env.A: ${stor.url}: there is no 'stor'"),
        (f"{WEB}, env: {{A: '${{ports.sql}}'}}}}", "", "no 'ports.sql'; there are ports.http"),
        (f"{WEB}, env: {{A: '${{'}}}}", "", "begins no reference"),
        (f"{WEB}, host: '${{replica}}'}}", "", "cannot be used in this field, which has to be"),
        (f"{WEB}, files: [{{target: a, content: b, mode: 9}}]}}", "", "'9' is no mode"),
        (f"{WEB}, files: [{{target: ../a, content: b}}]}}", "", "web.files[0]: the target of a"),
        (f"{WEB}, provides: {{sql: x}}}}", "", "components.web.provides.sql: it provides 'sql'"),
        (f"{WEB}, uses: {{db: }}}}", "", "components.web.uses.db: expected text, found nothing"),
        (f"{WEB}, uses: {{db: {{select: x}}}}}}", "", "name the interface that it uses"),
        (
            f"{WEB}, uses: {{db: {{interface: x, select: wbe}}}}}}",
            "",
            "components.web.uses.db.select: there is no component 'wbe' (did you mean 'web'?)",
        ),
        (f"{WEB}, state: ready}}", "", "unknown field 'state'"),
        ("  job: {type: job, image: a, replicas: 2}", "", "unknown field 'replicas'"),
        ("  x: {type: external}", "", "what is external exists already; give its address"),
        ("  x: {type: external, image: a}", "", "unknown field 'image'"),
        ("  a: {type: Agent, uses: {x: y}}", OWN, "Agent has no use port 'x'; it uses naming"),
        ("  a: {type: Agent, uses: {naming: y}}", OWN, "uses the interface 'name', says its type"),
        ("  a: {type: Agent, state: dwon}", OWN, "Agent has no place 'dwon'"),
        (WEB + "}", OWN.replace("Agent:", "service:"), "cannot be called 'service'"),
        (f"{WEB}, replicas: '${{parameters.m}}'}}", PARAMETERS, "no parameter 'm'; parameters are"),
        (f"{WEB}, replicas: '${{parameters.text}}'}}", PARAMETERS, "f.yaml:11: components.web.rep"),
        (f"{WEB}, env: {{A: 'x${{parameters.names}}'}}}}", PARAMETERS, "is a list, which cannot"),
        (f"{WEB}, env: {{A: '${{each}}'}}}}", "", "known only in a component with 'for_each'"),
        (f"{WEB}, for_each: [a, a]}}", "", "for_each[1]: 'a' is in the list twice"),
        (f"{WEB}, for_each: [A]}}", "", "'web-A' cannot be the name of a component"),
        (f"{WEB}, for_each: -1}}", "", "for_each is -1"),
        (f"{WEB}, for_each: 10001}}", "", "for_each is 10001; give a list, or 0 to 10000"),
        (f"{WEB}, for_each: [a]}}\n  web-a: {{type: service, image: a}}", "", "two components 'w"),
        (
            f"{WEB}}}\nconnections: [[web.a, b.c]]",
            "",
            "connections[0]: web.a: the type service ",
        ),
        (f"{WEB}}}\nconnections: [[web.a]]", "", "write a connection as"),
        (f"{WEB}}}\nconnections: [[web, b]]", "", "'web' is no port; write component.port"),
        (f"{WEB}}}\nroutes: [{{component: wbe, tcp_port: a}}]", "", "there is no component 'wbe'"),
        (f"{WEB}}}\nroutes: [{{component: web, tcp_port: a}}]", "", "web has no tcp_port 'a'"),
        (f"{WEB}}}\nroutes: [{{component: web}}]", "", "a route leads to a component's tcp_port"),
        (f"{WEB}}}\njobs: [a]", "", "jobs: expected a mapping"),
        (WEB + "}", "parameters: {type: array}\n", "f.yaml:3: parameters.type: parameters are of"),
        (WEB + "}", "title: [a]\n", "f.yaml:3: title: expected text"),
        (WEB + "}", f"title: {'a' * 201}\n", "title has 201 characters"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_field(
    components: str, more: str, words: str
) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        read(components, more)
    assert words in str(caught.value)
    assert str(caught.value).startswith("f.yaml:")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an application is a mapping"),
        ("[]", "an application is a mapping"),
        ("version: 1.0.0\ncomponents: {a: {type: service, image: a}}", "field 'name' is missing"),
        (
            "name: a\nversion: 1.10\ncomponents: {a: {type: service, image: a}}",
            "2: version: '1.10'",
        ),
        ("name: A\nversion: 1.1.0\ncomponents: {a: {type: service, image: a}}", "1: name: 'A'"),
        ("nmae: a", "unknown field 'nmae' (did you mean 'name'?)"),
        ("name: a\n" + "#" * 1024 * 1024, "at most 1048576 are read"),
    ],
)
def test_what_is_wrong_with_the_whole_is_said(text: str, words: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        application(text)
    assert words in str(caught.value)


def test_without_defaults_an_application_can_be_published_and_not_deployed() -> None:
    text = (
        HEAD
        + "parameters: {required: [n], properties: {n: {type: integer}, s: {}}}\ncomponents:\n"
        + "  a: {type: service, image: 'x:${parameters.s}', replicas: '${parameters.n}'}\n"
    )
    found = application(text)
    assert workload_of(found, "a").image == "x:${parameters.s}"
    with pytest.raises(errors.InvalidParameter, match="parameter n is required"):
        resolve(found, {})
    with pytest.raises(errors.DocumentError, match=r"5: .*parameter s has no value and no default"):
        resolve(found, {"n": 1})
    settled = resolve(found, {"n": 3, "s": 1.5})
    assert workload_of(settled, "a").image == "x:1.5"
    assert workload_of(settled, "a").replicas == 3


def test_defaults_may_leave_a_choice_to_whoever_deploys() -> None:
    text = (
        f"{HEAD}parameters:\n  properties:\n"
        "    a: {type: boolean, default: false}\n    b: {type: boolean, default: false}\n"
        "  allOf:\n    - description: choose a or b\n"
        "      anyOf: [{properties: {a: {const: true}}}, {properties: {b: {const: true}}}]\n"
        "components: {web: {type: service, image: web}}\n"
    )
    found = application(text)
    with pytest.raises(errors.InvalidParameter, match=r"^parameters: choose a or b$"):
        resolve(found, {})
    assert resolve(found, {"b": True}).components


def test_a_short_text_cannot_blow_an_application_up() -> None:
    words = ", ".join(["'${parameters.t}'"] * 1000)
    text = (
        f"{HEAD}parameters: {{properties: {{t: {{type: string}}}}}}\ncomponents:\n"
        f"  a: {{type: service, command: [{words}]}}\n"
    )
    with pytest.raises(errors.DocumentError, match="with everything put in, the application has"):
        resolve(application(text), {"t": "x" * 99_000})


# Texts that are nearly applications: any field of the format with anything in it.
_KEYS = (
    *("type", "image", "command", "args", "env", "resources", "tcp_ports", "files", "health"),
    *("restart", "replicas", "stop", "uses", "provides", "host", "labels", "for_each", "with"),
    *("deadline_s", "update", "state", "address", "select", "interface", "hold", "http", "tcp"),
    *("source", "target", "content", "mode", "condition", "secret", "cpus", "memory_mib"),
)
_TEXTS = (
    *("service", "job", "external", "Agent", "a", "auto", "/", "${each}", "${parameters.n}", ""),
    *("${parameters.names}", "${ports.http}", "${", "$${", "rolling", "../a"),
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(_TEXTS)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=15,
)


@examples(100)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c d"]),
        st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6).map(
            lambda fields: {"type": "service", "image": "a", **fields}
        )
        | _VALUES,
        max_size=3,
    ),
    st.dictionaries(
        st.sampled_from(["title", "tags", "connections", "routes", "jobs", "source", "parameters"]),
        _VALUES,
        max_size=3,
    ),
)
def test_anything_is_read_or_refused_on_purpose(
    components: dict[str, Any], more: dict[str, Any]
) -> None:
    base = yaml.safe_load(HEAD + OWN + PARAMETERS)
    text = yaml.safe_dump({**base, **more, "components": components}, allow_unicode=True)
    try:
        found = application(text)
        resolve(found, {"n": 3})
    except errors.ModelError:
        pass


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_on_purpose(text: str) -> None:
    for each in (text, HEAD + text):
        with pytest.raises(errors.ModelError):
            application(each)


@pytest.mark.parametrize(
    ("document", "command"),
    [
        ("services:\n  web: {image: nginx}\n", "import-compose"),
        ("name: shop\nservices: {web: {image: nginx}}\n", "import-compose"),
        ('{"name": "bet", "command-line": "bet [IN]", "tool-version": "1"}', "import-boutiques"),
    ],
)
def test_descriptions_of_others_are_sent_to_their_import(document: str, command: str) -> None:
    for read in (application, outline):
        with pytest.raises(
            errors.DocumentError, match=f"ripieno app {command} makes a draft of it"
        ):
            read(document)
