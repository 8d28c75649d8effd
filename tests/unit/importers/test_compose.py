"""Compose files as drafts: what is carried over, what is told of, what is refused."""

import contextlib
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ripieno.importers import compose_text
from ripieno.importers.compose import compose, files_of
from ripieno.importers.draft import Draft
from ripieno.importers.errors import ImporterError, NothingToRun, UnreadableDescription
from ripieno.model import references
from ripieno.model.reading_applications import application, resolve
from ripieno.model.workload import Workload
from tests.drawing import examples
from tests.strategies import data


def draft(services: Any, **more: Any) -> Draft:
    files = more.pop("files", None)
    profiles = more.pop("profiles", ())
    text = yaml.safe_dump({"services": services, **more}, sort_keys=False)
    return compose(text, files=files, profiles=profiles)


def read(found: Draft) -> dict[str, Any]:
    application(found.document)
    return dict(yaml.safe_load(found.document))


def component(found: Draft, name: str = "web") -> dict[str, Any]:
    return dict(read(found)["components"][name])


def web(**fields: Any) -> dict[str, Any]:
    """The component that a service of one image becomes."""
    return component(draft({"web": {"image": "web", **fields}}))


def workload(found: Draft, name: str = "web", **values: Any) -> Workload:
    run = resolve(application(found.document), values).components[name].workload
    assert run is not None
    return run


def notes(**fields: Any) -> str:
    return "\n".join(draft({"web": {"image": "web", **fields}}).notes)


def test_a_service_becomes_a_component() -> None:
    found = draft({"Web_1": {"image": "example.org/web:1"}}, name="my_shop")
    assert read(found) == {
        "name": "my-shop",
        "version": "0.1.0",
        "components": {"web-1": {"type": "service", "image": "example.org/web:1"}},
    }
    assert "service 'Web_1' is called web-1" in found.notes
    assert found.missing[0] == "version: this is 0.1.0"
    assert read(compose("services: {a: {image: b}}", name="other"))["name"] == "other"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"command": "run --to 'a b'"}, {"args": ["run", "--to", "a b"]}),
        ({"command": ["run", 1, True]}, {"args": ["run", "1", "true"]}),
        ({"entrypoint": "sh -c", "command": ["x"]}, {"command": ["sh", "-c"], "args": ["x"]}),
        ({"command": "it's"}, {"args": ["it's"]}),
        ({"environment": {"A": 1, "B": "x", "C": True, "D": ""}}, None),
        ({"environment": ["A=1", "B=x", "C=true", "D="]}, None),
        ({"ports": ["80"]}, {"tcp_ports": {"http": 80}}),
        ({"ports": ["8080:80/tcp"]}, {"tcp_ports": {"http": 80}}),
        ({"ports": ["127.0.0.1:8001:8001"]}, {"tcp_ports": {"port-8001": 8001}}),
        ({"ports": ["[::1]:1:9001-9002"]}, {"tcp_ports": {"port-9001": 9001, "port-9002": 9002}}),
        ({"ports": [80, "127.0.0.1::81"]}, {"tcp_ports": {"http": 80, "port-81": 81}}),
        ({"ports": [{"target": 80, "published": "x"}]}, {"tcp_ports": {"http": 80}}),
        ({"ports": [{"target": 81, "name": "Web UI"}]}, {"tcp_ports": {"web-ui": 81}}),
        ({"ports": [{"target": 81, "name": "host"}]}, {"tcp_ports": {"host-2": 81}}),
        ({"expose": ["5432", 80]}, {"tcp_ports": {"postgresql": 5432, "http": 80}}),
        ({"ports": ["80", "8080"]}, {"tcp_ports": {"http": 80, "http-2": 8080}}),
        ({"restart": "always"}, {}),
        ({"restart": "no"}, {"restart": "never"}),
        ({"restart": "on-failure"}, {"restart": "on_failure"}),
        ({"restart": "on-failure:3"}, {"restart": {"condition": "on_failure", "limit": 3}}),
        ({"working_dir": "/app"}, {"working_directory": "/app"}),
        (
            {"stop_signal": "SIGINT", "stop_grace_period": "1m30s"},
            {"stop": {"signal": "INT", "grace_s": 90}},
        ),
        ({"deploy": {"replicas": 3}}, {"replicas": 3}),
        ({"scale": 2}, {"replicas": 2}),
        ({"scale": 2, "deploy": {"replicas": 3}}, {"replicas": 3}),
        (
            {"deploy": {"resources": {"limits": {"cpus": "0.50", "memory": "50M"}}}},
            {"resources": {"cpus": 0.5, "memory_mib": 50}},
        ),
        (
            {
                "deploy": {
                    "resources": {"limits": {"memory": "1g"}, "reservations": {"memory": "1m"}}
                }
            },
            {"resources": {"memory_mib": 1024}},
        ),
        (
            {"deploy": {"resources": {"reservations": {"cpus": 0.01, "memory": "1kb"}}}},
            {"resources": {"cpus": 0.1, "memory_mib": 32}},
        ),
        (
            {"cpus": 2, "mem_limit": "100m", "mem_reservation": "50m"},
            {"resources": {"cpus": 2, "memory_mib": 100}},
        ),
        (
            {"deploy": {"restart_policy": {"condition": "on-failure", "delay": "5s"}}},
            {"restart": {"condition": "on_failure", "backoff_s": 5}},
        ),
        ({"deploy": {"update_config": {"order": "start-first"}}}, {"update": "rolling"}),
        (
            {"healthcheck": {"test": "curl -f http://localhost || exit 1", "interval": "500ms"}},
            {
                "health": {
                    "command": ["/bin/sh", "-c", "curl -f http://localhost || exit 1"],
                    "interval_s": 0.5,
                }
            },
        ),
        (
            {
                "healthcheck": {
                    "test": ["CMD", "probe", "$$X"],
                    "timeout": "10s",
                    "start_period": "1h",
                    "retries": 5,
                }
            },
            {
                "health": {
                    "command": ["probe", "$X"],
                    "timeout_s": 10,
                    "grace_s": 3600,
                    "failures": 5,
                }
            },
        ),
        ({"healthcheck": {"test": ["CMD-SHELL", "a | b"]}}, None),
        ({"healthcheck": {"test": ["NONE"]}}, {}),
        ({"healthcheck": {"disable": True, "test": "a"}}, {}),
        ({"container_name": None, "annotations": {"a": "b"}, "x-other": 1}, {}),
    ],
)
def test_what_a_service_says_of_itself_is_carried_over(
    fields: dict[str, Any], wanted: dict[str, Any] | None
) -> None:
    found = web(**fields)
    if wanted is None:
        if "environment" in fields:
            assert found["env"] == {"A": "1", "B": "x", "C": "true", "D": ""}
        else:
            assert found["health"] == {"command": ["/bin/sh", "-c", "a | b"]}
        return
    assert found == {"type": "service", "image": "web", **wanted}


def test_variables_are_read_from_files_and_what_is_said_besides_counts_more() -> None:
    files = {
        "a.env": "# remark\nexport A=1\nB='x y' # no\nC = z # yes\nOTHER\n\n1=2\n",
        "b.env": 'B="2"\nD=a=b',
    }
    services = {
        "web": {
            "image": "web",
            "env_file": ["a.env", {"path": "b.env", "required": False}, "c.env"],
            "environment": {"D": "own"},
        }
    }
    found = draft(services, files=files)
    assert component(found)["env"] == {
        "A": "1",
        "B": "2",
        "C": "z",
        "OTHER": "${parameters.OTHER}",
        "D": "own",
    }
    assert any("'c.env', which was not given" in each for each in found.missing)
    assert files_of(yaml.safe_dump({"services": services})) == (".env", "a.env", "b.env", "c.env")


@pytest.mark.parametrize(
    ("written", "values", "wanted"),
    [
        ("a:${TAG}", {"TAG": "x"}, "a:x"),
        ("a:$TAG", {"TAG": "x"}, "a:x"),
        ("a:${TAG:-1}", {}, "a:1"),
        ("a:${TAG-1}", {"TAG": "x"}, "a:x"),
        ("a:${TAG:?say it}", {"TAG": "x"}, "a:x"),
        ("a:${TAG:-${OTHER:-2}}", {}, "a:2"),
        ("a:${TAG:-${KNOWN}}", {}, "a:k"),
        ("a:${KNOWN}", {}, "a:k"),
        ("a:${KNOWN:+set}", {}, "a:set"),
        ("a:${OTHER:+set}b", {}, "a:b"),
        ("a:$$TAG", {}, "a:$TAG"),
        ("a:$${TAG}", {}, "a:${TAG}"),
        ("a:$$${TAG}", {"TAG": "{x}"}, "a:${x}"),
        ("a:${1}$", {}, "a:${1}$"),
        ("a:${TAG", {}, "a:${TAG"),
        ("a:${TAG/x/y}", {}, "a:${TAG/x/y}"),
    ],
)
def test_a_variable_is_a_parameter(written: str, values: dict[str, str], wanted: str) -> None:
    found = draft(
        {"web": {"image": "web", "environment": {"IMAGE": written}}}, files={".env": "KNOWN=k"}
    )
    env = workload(found, **values).env["IMAGE"]
    assert isinstance(env, str)
    assert references.resolve(env, {}) == wanted


def test_variables_have_one_default_and_only_those_that_decide_something_are_parameters() -> None:
    found = draft(
        {
            "web": {
                "image": "web:${TAG:-1}",
                "ports": ["${PORT:-8080}:80"],
                "command": ["${TAG:-2}", "${TAG}", "${NAME}"],
            }
        }
    )
    assert read(found)["parameters"] == {
        "type": "object",
        "properties": {"TAG": {"type": "string", "default": "1"}, "NAME": {"type": "string"}},
        "required": ["NAME"],
    }
    told = "\n".join((*found.notes, *found.missing))
    assert "variable TAG has several defaults, '1' and '2'" in told
    assert "variables that are no parameters" in told and "PORT ('8080')" in told
    assert "parameters without a value: NAME" in told


def test_secrets_stay_secrets() -> None:
    found = draft(
        {
            "web": {
                "image": "web",
                "secrets": ["db_password", {"source": "other"}],
                "environment": {
                    "DB_PASSWORD_FILE": "/run/secrets/db_password",
                    "API_TOKEN": "${TOKEN}",
                    "SECRET_KEY": None,
                    "ADMIN_PASSWORD": "hunter2",
                    "URL": "http://u:${TOKEN}@x",
                },
            }
        },
        secrets={"db_password": {"file": "x"}},
    )
    assert component(found)["env"] == {
        "DB_PASSWORD": {"secret": "db-password"},
        "API_TOKEN": {"secret": "token"},
        "SECRET_KEY": {"secret": "secret-key"},
        "ADMIN_PASSWORD": "hunter2",
        "URL": "http://u:${parameters.TOKEN}@x",
    }
    told = "\n".join((*found.notes, *found.missing))
    assert "ripieno secret set token" in told
    assert "ADMIN_PASSWORD looks like a secret" in told
    assert "parameter TOKEN looks like a secret" in told
    assert "secret 'other' is a file there" in told
    assert "secret 'db_password' is a file there" not in told


def test_a_secret_of_several_services_is_asked_for_once() -> None:
    found = draft(
        {
            "web": {"image": "web", "environment": {"DB_PASSWORD": "${DB_PASSWORD:?}"}},
            "worker": {"image": "web", "environment": {"DB_PASSWORD": "${DB_PASSWORD:?say it}"}},
            "db": {"image": "db", "environment": {"POSTGRES_PASSWORD": "${DB_PASSWORD:?}"}},
        }
    )
    told = [each for each in (*found.found, *found.missing, *found.notes) if "password" in each]
    assert told == [
        "the secret db-password, for web.DB_PASSWORD, worker.DB_PASSWORD, db.POSTGRES_PASSWORD; "
        "set it: ripieno secret set db-password"
    ]


def test_merges_and_anchors_are_put_in() -> None:
    found = compose(
        """
x-base: &base {image: base, restart: "no"}
x-env: &env {A: 1, B: 2}
x-more: &more {<<: *env, C: 3}
services:
  web: {<<: *base, image: web, environment: {<<: [*more, {B: 9, D: 4}], A: own}}
  other: {<<: *base}
"""
    )
    assert component(found) == {
        "type": "service",
        "image": "web",
        "env": {"A": "own", "B": "2", "C": "3", "D": "4"},
        "restart": "never",
    }
    assert component(found, "other")["image"] == "base"


DB = {"image": "postgres:16", "healthcheck": {"test": "pg_isready"}}


def test_depends_on_is_a_connection() -> None:
    found = draft({"web": {"image": "web", "depends_on": ["db"]}, "db": {"image": "postgres:16"}})
    assert component(found)["uses"] == {
        "db": {"interface": "postgresql", "select": "db", "hold": "starting"}
    }
    assert component(found, "db")["provides"] == {"postgresql": "postgresql"}
    assert component(found, "db")["tcp_ports"] == {"postgresql": 5432}
    assert "web uses db" in found.found
    assert any("what the image postgres is known for" in each for each in found.notes)
    goal = resolve(application(found.document), {})
    assert goal.components["web"].uses["db"].select == "db"


@pytest.mark.parametrize(
    ("said", "other", "words"),
    [
        ({"condition": "service_started"}, DB, "it waits until db is ready, not only until"),
        ({"condition": "service_healthy"}, {"image": "postgres"}, "nothing says how it is asked"),
        ({"condition": "service_well"}, DB, "the condition 'service_well' on db is not known"),
        ({"required": False}, DB, "that it can do without db is not carried over"),
        ({}, {"image": "worker"}, "db has no tcp port by which it could be used"),
    ],
)
def test_what_a_dependency_means_otherwise_is_told(
    said: dict[str, Any], other: dict[str, Any], words: str
) -> None:
    found = draft({"web": {"image": "web", "depends_on": {"db": said}}, "db": other})
    assert words in "\n".join((*found.notes, *found.missing))


def test_a_service_that_is_started_again_with_another_holds_it() -> None:
    said = {"condition": "service_healthy", "restart": True}
    found = draft({"web": {"image": "web", "depends_on": {"db": said}}, "db": DB})
    assert component(found)["uses"] == {"db": {"interface": "postgresql", "select": "db"}}


def test_what_has_to_complete_is_a_job() -> None:
    found = draft(
        {
            "web": {
                "image": "web",
                "depends_on": {"migrate": {"condition": "service_completed_successfully"}},
            },
            "migrate": {"image": "web", "command": "migrate", "scale": 2, "depends_on": ["db"]},
            "db": DB,
        }
    )
    job = component(found, "migrate")
    assert (job["type"], job["provides"]) == ("job", {"done": "migrate-done"})
    assert job["uses"] == {"db": {"interface": "postgresql", "select": "db"}}
    assert component(found)["uses"] == {
        "migrate": {"interface": "migrate-done", "select": "migrate"}
    }
    assert any("migrate is a job" in each for each in found.notes)


def test_circles_and_unknown_names_are_told() -> None:
    found = draft(
        {
            "a": {"image": "nginx", "depends_on": ["b", "a", "nobody"]},
            "b": {"image": "nginx", "links": ["a:alias"]},
        }
    )
    told = "\n".join(found.notes)
    assert "a: that it depends on b is a circle" in told
    assert "depends_on names 'nobody', which is not among" in told
    assert component(found, "b")["uses"]["a"]["select"] == "a"
    assert "uses" not in component(found, "a")


@pytest.mark.parametrize(
    ("name", "written", "wanted"),
    [
        ("URL", "postgres://u:p@db:5432/x", "postgres://u:p@${db.host}:${db.port}/x"),
        ("URL", "postgres://u:p@db/x", "postgres://u:p@${db.host}/x"),
        ("URL", "http://db/x", "http://${db.host}/x"),
        ("URL", "http://db.example.org:5432/x", "http://db.example.org:5432/x"),
        ("URL", "http://mydb:5432", "http://mydb:5432"),
        ("ADDRESS", "db:5432,db:5432", "${db.host}:${db.port},${db.host}:${db.port}"),
        ("ADDRESS", "db:80", "db:80"),
        ("DB_HOST", "db", "${db.host}"),
        ("ROLE", "db", "db"),
        ("IMAGE", "db:16", "db:16"),
        ("URL", "http://${NAME:-x}@db:5432", "http://${parameters.NAME}@${db.host}:${db.port}"),
        ("TEXT", "the db: 5432 and $${db.host}", "the db: 5432 and $${db.host}"),
    ],
)
def test_addresses_of_services_come_from_connections(name: str, written: str, wanted: str) -> None:
    found = draft(
        {
            "web": {"image": "web", "environment": {name: written}, "depends_on": ["db"]},
            "db": {"image": "postgres"},
        }
    )
    assert component(found)["env"][name] == wanted


def test_who_names_a_service_uses_it() -> None:
    found = draft(
        {
            "web": {"image": "web", "command": ["--cache=cache:6379", "--also", "cache:6380"]},
            "cache": {"image": "own/cache", "command": ["--web", "web:9999"]},
        }
    )
    assert component(found)["args"] == [
        "--cache=${cache.host}:${cache.port}",
        "--also",
        "${cache-6380.host}:${cache-6380.port}",
    ]
    assert component(found, "cache")["tcp_ports"] == {"redis": 6379, "port-6380": 6380}
    assert component(found, "cache")["args"] == ["--web", "web:9999"]
    told = "\n".join(found.notes)
    assert "web: it names 'cache:6379', so it uses cache" in told
    assert "cache: it names web:9999, and web needs it already" in told


def test_a_port_that_nobody_can_be_called_by_gets_another_name() -> None:
    found = draft(
        {
            "web": {"image": "web", "depends_on": ["host", "1"], "expose": [9092]},
            "host": {"image": "nginx"},
            "1": {"image": "kafka", "depends_on": []},
        }
    )
    assert {each["select"] for each in component(found)["uses"].values()} == {"host", "1"}


@pytest.mark.parametrize(
    ("ports", "routed"),
    [
        (["8080:80"], ["http"]),
        (["5432:5432"], []),
        (["1234:1234"], ["port-1234"]),
        (["80", "1234"], ["http"]),
        ([{"target": 4000, "name": "web"}], ["web"]),
    ],
)
def test_what_is_published_for_a_browser_has_a_route(ports: list[Any], routed: list[str]) -> None:
    found = draft({"web": {"image": "web", "ports": ports, "expose": ["8888"]}})
    routes = read(found).get("routes", [])
    assert routes == [{"component": "web", "tcp_port": each} for each in routed]
    told = "\n".join(found.notes)
    assert ("reached only by what uses it" in told) == (len(routed) < len(ports))


def test_services_of_a_profile_are_left_out_unless_they_are_asked_for() -> None:
    services = {
        "web": {"image": "web", "depends_on": ["debug"]},
        "debug": {"image": "nginx", "profiles": ["debug", "test"]},
    }
    found = draft(services)
    assert list(read(found)["components"]) == ["web"]
    assert "debug is left out: it is for the profile debug, test only" in found.notes
    assert list(read(draft(services, profiles=["test"]))["components"]) == ["web", "debug"]
    with pytest.raises(NothingToRun):
        draft({"debug": services["debug"]})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"volumes": ["./a:/b", {"source": "c", "target": "/d"}]}, r"volumes .*\(./a:/b, c:/d\)"),
        ({"networks": {"front": {}, "back": {}}}, r"networks \(front, back\) is not carried over"),
        ({"build": {"context": "."}}, "build is not carried over: images are not built here"),
        ({"privileged": True}, "privileged is not carried over"),
        ({"extends": {"service": "x"}}, r"extends \(service\) is not carried over"),
        ({"frobnicate": 1}, "frobnicate is not carried over: an application file cannot say it"),
        ({"ports": ["53:53/udp"]}, "port 53:53/udp is not carried over: only tcp"),
        ({"ports": ["a", "0", "70000", "9-1"]}, "'70000' is no port"),
        ({"deploy": {"replicas": 0}}, "'0' replicas are not carried over"),
        ({"deploy": {"mode": "global"}}, "mode 'global' is not carried over"),
        ({"deploy": {"placement": {}}}, "deploy.placement: it is a matter of where it runs"),
        ({"deploy": {"resources": {"limits": {"pids": 1}}}}, "limits.pids is not carried over"),
        ({"deploy": {"resources": {"limits": {"cpus": "x"}}}}, "cpus 'x' is no number"),
        ({"mem_limit": "1m"}, "memory 1m is less than the least there is, 32"),
        ({"restart": "sometimes"}, "restart 'sometimes' is not known"),
        ({"stop_signal": "SIGFOO"}, "stop_signal 'FOO' is none to stop with"),
        ({"stop_grace_period": "soon"}, "'soon' is no duration"),
        ({"working_dir": "app"}, "working_dir 'app' is no absolute path"),
        ({"healthcheck": {"interval": "1s"}}, "its health check has no test"),
        ({"healthcheck": {"test": ["CMD", "a"], "interval": "0s"}}, "its health check is left out"),
        ({"environment": {"a-b": 1, "RIPIENO_X": 2}}, "a variable is not carried over"),
        ({"command": "it's"}, "a quote that is not closed"),
    ],
)
def test_what_cannot_be_carried_over_is_told_by_name(fields: dict[str, Any], words: str) -> None:
    assert re.search(f"web: .*{words}|{words}", notes(**fields))


def test_what_stands_beside_the_services_is_told_too() -> None:
    found = draft(
        {"web": {"image": "web"}}, networks={"a": {}}, volumes={"b": {}}, include=["x"], other=1
    )
    told = "\n".join(found.notes)
    for words in ("networks are not", "volumes are not", "include are not", "other is not"):
        assert words in told


def test_what_is_built_gets_a_name_and_is_missing() -> None:
    found = draft({"web": {"build": "."}, "other": {"image": "a b"}})
    assert component(found)["image"] == "web:latest"
    assert component(found, "other")["image"] == "other:latest"
    assert any("push it to a registry and name it" in each for each in found.missing)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it has to have 'services'"),
        ("name: shop", "it has to have 'services'"),
        ("- a", "it has to have 'services'"),
        ("services: []", "it has to have 'services'"),
        ("services: {}", "no service is left"),
        ("services: {a: b}", "expected a mapping"),
        ("services: {a: {image: [b]}}", "expected text"),
        ("services: {a: {image: b, ports: 80}}", "expected a list"),
        ("services: {a: !reset {}}", "the tag '!reset' is not known"),
        ("services: {a: {<<: b}}", "expected a mapping"),
        ("services: {a: &a {<<: *a}}", "inside what it stands for"),
        ("a: b: c", "not YAML"),
        ("services: {a: {image: b}}\n---\nx: y", "a second document"),
        ("x" * 2**20 + "x", "more than 1048576 bytes"),
        (yaml.safe_dump({"services": {f"s{n}": {} for n in range(201)}}), "201 services"),
        (
            yaml.safe_dump({"services": {"a": {"command": [f"${{V{n}}}" for n in range(201)]}}}),
            "more than 200 variables",
        ),
    ],
)
def test_what_is_no_compose_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(ImporterError, match=words):
        compose(text)


def test_a_short_file_cannot_become_a_long_one() -> None:
    lines = ["x0: &x0 {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9}"]
    for number in range(1, 8):
        parts = ", ".join(f"k{index}: *x{number - 1}" for index in range(9))
        lines.append(f"x{number}: &x{number} {{{parts}}}")
    lines.append("services: {a: {image: b, x-all: *x7}}")
    with pytest.raises(UnreadableDescription, match=r"(everything merged|more than 2000000)"):
        compose("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *(("10s", 10.0), ("1m30s", 90.0), ("1h", 3600.0), ("500ms", 0.5), ("1.5s", 1.5)),
        *(("", None), ("10", None), ("s", None), ("1s2", None), ("-1s", None)),
    ],
)
def test_durations(text: str, wanted: float | None) -> None:
    assert compose_text.seconds(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *(("1g", 1024.0), ("512M", 512.0), ("1024kb", 1.0), ("1048576", 1.0), ("0.5GiB", 512.0)),
        *(("", None), ("x", None), ("1x", None), ("-1m", None)),
    ],
)
def test_sizes(text: str, wanted: float | None) -> None:
    assert compose_text.mebibytes(text) == wanted


FIELDS = st.sampled_from(
    [
        *("image", "command", "entrypoint", "environment", "env_file", "ports", "expose", "deploy"),
        *("healthcheck", "depends_on", "links", "restart", "profiles", "secrets", "working_dir"),
        *("stop_signal", "scale", "mem_limit", "volumes", "test", "interval", "retries", "limits"),
        *("resources", "replicas", "condition", "web", "db", "target", "path", "name", "<<"),
    ]
)
TEXTS = st.sampled_from(
    [
        *("web", "db:5432", "http://db/x", "${A}", "${A:-${B", "$$", "${", "80:80", "9-1", "1m"),
        *("service_healthy", "CMD", "NONE", "postgres:16", "a=b", "HOST=db", "PASSWORD=${P}", ""),
        *("0.5", "-1", "x" * 600, "\u2028", "é", "/run/secrets/x", "on-failure:3", "{x}"),
    ]
)
ANY = st.recursive(
    data | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | TEXTS, inner, max_size=4),
    max_leaves=10,
)
SERVICE = st.fixed_dictionaries(
    {"image": TEXTS | st.just("web")},
    optional={
        "command": TEXTS | st.lists(TEXTS, max_size=3),
        "environment": st.dictionaries(TEXTS | st.just("DB_HOST"), TEXTS | st.none(), max_size=3)
        | st.lists(TEXTS, max_size=3),
        "ports": st.lists(TEXTS | st.integers(0, 70000), max_size=3),
        "expose": st.lists(TEXTS | st.integers(0, 70000), max_size=3),
        "depends_on": st.lists(st.sampled_from(["web", "db", "host", "x"]), max_size=3)
        | st.dictionaries(
            st.sampled_from(["web", "db", "host"]),
            st.fixed_dictionaries({"condition": TEXTS | st.just("service_completed_successfully")}),
            max_size=2,
        ),
        "healthcheck": st.fixed_dictionaries(
            {"test": TEXTS | st.lists(TEXTS, max_size=3)},
            optional={"interval": TEXTS, "retries": TEXTS | st.integers()},
        ),
        "deploy": st.fixed_dictionaries(
            {"replicas": TEXTS | st.integers()},
            optional={
                "mode": TEXTS,
                "resources": st.fixed_dictionaries(
                    {"limits": st.dictionaries(st.sampled_from(["cpus", "memory", "x"]), TEXTS)}
                ),
            },
        ),
        "restart": TEXTS,
        "secrets": st.lists(TEXTS, max_size=2),
    },
)


@examples(100)
@given(
    st.dictionaries(st.sampled_from(["web", "db", "host", "Web", "1"]), SERVICE | ANY, max_size=4),
    st.dictionaries(FIELDS, ANY, max_size=2),
    st.dictionaries(st.sampled_from([".env", "a"]), st.text(max_size=30), max_size=2),
)
def test_anything_makes_a_legal_application_or_is_refused_on_purpose(
    services: dict[str, Any], more: dict[str, Any], files: dict[str, str]
) -> None:
    text = yaml.safe_dump({**more, "services": services}, allow_unicode=True)
    try:
        found = compose(text, files=files)
    except ImporterError:
        return
    assert application(found.document).components
    assert all(each.isprintable() for each in (*found.found, *found.missing, *found.notes))


@examples(80)
@given(
    st.dictionaries(st.sampled_from(["web", "db", "host", "1"]), SERVICE, min_size=1, max_size=4)
)
def test_services_are_hardly_ever_refused(services: dict[str, Any]) -> None:
    """What can be a Compose file makes an application, whatever the values in it."""
    found = compose(yaml.safe_dump({"services": services}, allow_unicode=True))
    assert application(found.document).components


@given(st.text(max_size=100), st.sampled_from(["", "services:\n  "]))
def test_any_text_is_read_or_refused_on_purpose(text: str, before: str) -> None:
    for function in (compose, files_of):
        with contextlib.suppress(ImporterError):
            function(before + text)
