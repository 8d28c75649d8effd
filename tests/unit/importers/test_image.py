"""Images as drafts of applications."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ripieno.images import labels
from ripieno.importers.draft import Draft
from ripieno.importers.errors import ImporterError
from ripieno.importers.image import image
from ripieno.model.image import ImageFacts, ImageHealth, ImageMetadata
from ripieno.model.reading_applications import application
from tests.drawing import examples
from tests.strategies import data

NAME = "ghcr.io/neuro/brain-viewer:v1.2"
DIGEST = "sha256:" + "a" * 64


def draft(facts: ImageFacts | None = None, name: str = NAME, **fields: Any) -> Draft:
    return image(ImageMetadata(name=name, digest=DIGEST, **fields), facts or ImageFacts())


def read(found: Draft) -> dict[str, Any]:
    application(found.document)
    return dict(yaml.safe_load(found.document))


def component(found: Draft) -> dict[str, Any]:
    (only,) = read(found)["components"].values()
    return dict(only)


def test_a_well_described_image_leaves_little_to_say() -> None:
    described = {
        f"{labels.OCI}title": "Brain viewer",
        f"{labels.OCI}description": "Shows brains.",
        f"{labels.OCI}version": "1.2.0",
        f"{labels.OCI}source": "https://example.org/x",
        f"{labels.OCI}licenses": "MIT",
        f"{labels.OCI}documentation": "https://example.org/d",
        f"{labels.OWN}cpus": "0.5",
        f"{labels.SCHEMA}memory-hint": "256",
        f"{labels.OWN}tcp-port.web": "8000",
        f"{labels.OWN}health": "/healthz",
        f"{labels.OWN}tags": "mri,viewer",
    }
    metadata = ImageMetadata(name=NAME, digest=DIGEST, labels=described, entrypoint=("/viewer",))
    found = image(metadata, labels.facts(metadata))
    assert read(found) == {
        "name": "brain-viewer",
        "version": "1.2.0",
        "title": "Brain viewer",
        "description": "Shows brains.",
        "tags": ["mri", "viewer"],
        "source": "https://example.org/x",
        "documentation": "https://example.org/d",
        "licence": "MIT",
        "components": {
            "brain-viewer": {
                "type": "service",
                "image": NAME,
                "tcp_ports": {"web": 8000},
                "resources": {"cpus": 0.5, "memory_mib": 256},
                "health": {"http": "/healthz"},
            }
        },
        "routes": [{"component": "brain-viewer", "tcp_port": "web"}],
    }
    assert not found.missing
    assert f"cpus: 0.5 (from {labels.OWN}cpus)" in found.found
    assert any(f"ghcr.io/neuro/brain-viewer@{DIGEST}" in each for each in found.notes)


def test_of_an_image_that_says_nothing_everything_is_missing() -> None:
    found = draft(name="docker.io/library/tool:latest")
    assert read(found) == {
        "name": "tool",
        "version": "0.1.0",
        "components": {"tool": {"type": "job", "image": "docker.io/library/tool:latest"}},
    }
    told = " ".join(found.missing)
    for words in (
        "version:",
        "title:",
        "description:",
        "source:",
        "resources:",
        "type:",
        "command:",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("name", "slug", "version"),
    [
        (NAME, "brain-viewer", "1.2.0"),
        ("localhost:5000/Tool_X:2", "tool-x", "2.0.0"),
        (f"x.org/a/b:1.0@{DIGEST}", "b", "1.0.0"),
        (f"x.org:5000/a@{DIGEST}", "a", "0.1.0"),
    ],
)
def test_name_and_version_may_come_from_the_name(name: str, slug: str, version: str) -> None:
    found = read(draft(name=name))
    assert (found["name"], found["version"]) == (slug, version)


def test_ports_without_names_are_called_what_they_are_known_by() -> None:
    exposed = (*((number, "tcp") for number in (80, 5432, 8080, 1234)), (53, "udp"))
    found = draft(exposed_ports=exposed)
    assert component(found)["tcp_ports"] == {
        "http": 80,
        "postgresql": 5432,
        "http-2": 8080,
        "port-1234": 1234,
    }
    assert any("53/udp are not carried over" in each for each in found.notes)
    database = draft(exposed_ports=((5432, "tcp"),))
    assert "routes" not in read(database)
    assert any(each.startswith("routes:") for each in database.missing)


def test_no_more_ports_than_can_be_looked_through() -> None:
    found = draft(exposed_ports=tuple((number, "tcp") for number in range(1, 200)))
    assert len(component(found)["tcp_ports"]) == 50
    assert any("it exposes 199 ports" in each for each in found.notes)


def test_a_health_check_of_docker_is_a_command() -> None:
    own = ImageHealth(shell="curl -f ${X} || exit 1", interval_s=5.0, retries=2)
    found = draft(exposed_ports=((80, "tcp"),), health=own)
    assert component(found)["health"] == {
        "command": ["/bin/sh", "-c", "curl -f $${X} || exit 1"],
        "interval_s": 5.0,
        "failures": 2,
    }


def test_a_health_check_that_makes_no_sense_is_left_out() -> None:
    facts = ImageFacts(health={"http": "/x"})
    found = draft(facts, health=ImageHealth(argv=("probe",)))
    assert component(found)["health"] == {"command": ["probe"]}
    assert any("the health check of a label is left out" in each for each in found.notes)


def test_parameters_of_a_label_are_those_of_the_application_if_they_are_legal() -> None:
    good = {"properties": {"n": {"type": "integer"}}}
    assert read(draft(ImageFacts(parameters=good)))["parameters"] == good
    found = draft(ImageFacts(parameters={"properties": {"n": {"pattern": "(a+)+"}}}))
    assert "parameters" not in read(found)
    assert any("the parameters in its labels are left out" in each for each in found.notes)


def test_what_cannot_be_carried_over_is_told() -> None:
    found = draft(
        volumes=("/data",), user="1000", env={"A": "b"}, stop_signal="SIGINT", cmd=("run",)
    )
    assert component(found)["stop"] == {"signal": "INT"}
    assert any("it keeps data in /data" in each for each in found.notes)
    assert {"runs: run", "runs as: 1000", "variables that it sets itself: A"} <= set(found.found)


TEXTS = st.text(max_size=15) | st.sampled_from(["${x}", "$", "a: b", "- x", "0o17", "<<", "\ud800"])


@examples(100)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *(each for names in labels.TEXTS.values() for each in names),
                *(labels.CPUS, labels.MEMORY, labels.MEMORY_HINT, labels.HEALTH, labels.TAGS),
                *(labels.PARAMETERS, f"{labels.TCP_PORT}a", f"{labels.TCP_PORT}b"),
            ]
        ),
        TEXTS
        | st.sampled_from(["80", "1", "/x", "{http: /, interval_s: 0}", "{command: [a]}", "{}"])
        | st.builds(lambda each: yaml.safe_dump(each, default_flow_style=True), data),
        max_size=6,
    ),
    st.builds(
        ImageHealth,
        argv=st.lists(TEXTS, max_size=2).map(tuple),
        shell=TEXTS,
        interval_s=st.none() | st.floats(),
        retries=st.none() | st.integers(),
    ),
    st.sampled_from([NAME, f"x.org/a@{DIGEST}", "docker.io/library/1:latest"]),
)
def test_no_label_makes_an_illegal_document(
    texts: dict[str, str], health: ImageHealth, name: str
) -> None:
    metadata = ImageMetadata(
        name=name, digest=DIGEST, labels=texts, health=health, exposed_ports=((80, "tcp"),)
    )
    try:
        found = image(metadata, labels.facts(metadata))
    except ImporterError:
        return
    assert application(found.document).components
    assert all(each.isprintable() for each in (*found.found, *found.missing, *found.notes))
