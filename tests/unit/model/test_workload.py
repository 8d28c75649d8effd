"""Workloads: what is refused, and that stored ones come back."""

import json
from typing import Any

import pytest

from ripieno.model import errors, workload
from ripieno.model.workload import (
    FileTransfer,
    Health,
    HealthKind,
    RestartCondition,
    RestartPolicy,
    Secret,
    Workload,
)

HTTP = Health(kind=HealthKind.HTTP)
FULL = Workload(
    argv=("python3", "-m", "http.server", "${port}"),
    image="example.org/a:1",
    entrypoint=("env", "-i"),
    env={"A": "1", "B": Secret(name="b")},
    tcp_ports={"http": 0, "admin": 8081},
    files=(
        FileTransfer(target="a/b", content="", mode=0o600),
        FileTransfer(target="c", source="d"),
    ),
    health=Health(kind=HealthKind.COMMAND, argv=("true",), failures=1, grace_s=4.0),
    restart=RestartPolicy(condition=RestartCondition.ON_FAILURE, limit=0),
    replicas=3,
    stop_signal="INT",
    grace_s=0.0,
    cpus=0.5,
    memory_mib=64,
    working_directory="sub",
)


@pytest.mark.parametrize("each", [FULL, Workload(image="a"), Workload(argv=("a",), health=None)])
def test_a_workload_comes_back_from_json(each: Workload) -> None:
    assert workload.from_json(json.loads(json.dumps(workload.to_json(each)))) == each


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"argv": ()}, (), "there is nothing to run; give a command, [program, …], or an image"),
        ({"argv": ("",)}, ("command",), "the program of a command is empty"),
        ({"argv": ("a\0",)}, ("command",), "has a zero character"),
        ({"argv": ("a", "b" * 100_001)}, ("command",), "has 100001 characters"),
        ({"argv": ("a",) * 2001}, ("command",), "2001 words"),
        ({"image": "a", "entrypoint": ("",)}, ("command",), "the program of a command is empty"),
        ({"argv": ("a",), "entrypoint": ("b",)}, ("command",), "no image to run it in"),
        ({"image": "a b"}, ("image",), "'a b' is no image"),
        ({"env": {"1A": ""}}, ("env", "1A"), "cannot name an environment variable"),
        ({"env": {"RIPIENO_X": ""}}, ("env", "RIPIENO_X"), "is reserved"),
        ({"env": {f"A{n}": "" for n in range(501)}}, ("env",), "env has 501 entries"),
        ({"tcp_ports": {"Http": 1}}, ("tcp_ports", "Http"), "cannot be the name of a tcp_port"),
        ({"tcp_ports": {"http": 65536}}, ("tcp_ports", "http"), "'auto' for a free one"),
        ({"tcp_ports": {"a": 80, "b": 80}}, ("tcp_ports", "b"), "a and b are both 80"),
        ({"health": HTTP}, ("health",), "there is no tcp_port that could be asked"),
        (
            {"health": Health(kind=HealthKind.TCP, tcp_port="x"), "tcp_ports": {"y": 0}},
            ("health",),
            "there is no tcp_port 'x'; there are y",
        ),
        (
            {"files": (FileTransfer(target="a", content=""),) * 2},
            ("files",),
            "'a' is the target of two files",
        ),
        ({"replicas": 0}, ("replicas",), "replicas is 0; give 1 to 1000"),
        ({"stop_signal": "STOP"}, ("stop", "signal"), "'STOP' is no signal to stop with"),
        ({"grace_s": -1.0}, ("stop", "grace_s"), "stop: grace_s is -1; give seconds"),
        ({"grace_s": float("nan")}, ("stop", "grace_s"), "stop: grace_s is nan"),
        ({"cpus": 0.0}, ("resources", "cpus"), "cpus is 0; give from"),
        ({"memory_mib": 0}, ("resources", "memory_mib"), "memory_mib is 0; give 32"),
        ({"working_directory": "../x"}, ("working_directory",), "inside the working directory"),
    ],
)
def test_what_no_runtime_could_run_is_refused(
    fields: dict[str, Any], at: tuple[str, ...], words: str
) -> None:
    with pytest.raises(errors.ApplicationError) as caught:
        Workload(**{"argv": ("a",), **fields})
    assert words in str(caught.value)
    assert caught.value.at == at


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": HealthKind.HTTP, "path": "x"}, "does not begin with /"),
        ({"kind": HealthKind.COMMAND}, "a health check runs nothing"),
        ({"kind": HealthKind.TCP, "interval_s": 0.0}, "interval_s is 0; give seconds"),
        ({"kind": HealthKind.TCP, "failures": 0}, "failures is 0; give 1"),
    ],
)
def test_a_health_check_that_makes_no_sense_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ApplicationError) as caught:
        Health(**fields)
    assert words in str(caught.value)


@pytest.mark.parametrize("target", ["", "/etc/passwd", "../x", "a/../../x", "~/x", "a/", "${x}/.."])
def test_a_file_stays_in_the_working_directory(target: str) -> None:
    with pytest.raises(errors.ApplicationError, match="no path inside the working directory"):
        FileTransfer(target=target, content="")


def test_a_file_has_one_origin() -> None:
    with pytest.raises(errors.ApplicationError, match="no source and no content; give one"):
        FileTransfer(target="a")
    with pytest.raises(errors.ApplicationError, match="a source and a content; give one"):
        FileTransfer(target="a", source="b", content="c")


def test_a_restart_policy_waits_no_less_in_the_end_than_at_first() -> None:
    with pytest.raises(errors.ApplicationError, match="is less than backoff_s"):
        RestartPolicy(backoff_s=10.0, backoff_cap_s=5.0)
