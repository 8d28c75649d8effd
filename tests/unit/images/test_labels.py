"""What the labels of an image say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.images import labels
from ripieno.model.image import ImageMetadata

OCI, SCHEMA, OWN = labels.OCI, labels.SCHEMA, labels.OWN


def image(found: dict[str, str], **annotations: str) -> ImageMetadata:
    return ImageMetadata(name="a", digest="b", labels=found, annotations=annotations)


def test_the_newer_convention_counts_more_and_labels_more_than_annotations() -> None:
    found = labels.facts(
        ImageMetadata(
            name="a",
            digest="b",
            labels={
                f"{OCI}title": "New",
                f"{SCHEMA}name": "Old",
                f"{SCHEMA}vcs-url": "https://x",
                f"{OCI}url": "  ",
                f"{SCHEMA}url": "https://y",
            },
            annotations={f"{OCI}title": "Around", f"{OCI}version": "1.0"},
        )
    )
    assert found.texts == {
        "title": "New",
        "version": "1.0",
        "source": "https://x",
        "url": "https://y",
    }
    assert found.origins["source"] == f"{SCHEMA}vcs-url"
    assert not found.problems


@pytest.mark.parametrize(
    ("old", "name"),
    [
        *(("build-date", "created"), ("vcs-url", "source"), ("vcs-ref", "revision")),
        *(("name", "title"), ("usage", "documentation"), ("url", "url"), ("version", "version")),
        *(("vendor", "vendor"), ("description", "description")),
    ],
)
def test_the_older_convention_is_mapped(old: str, name: str) -> None:
    assert labels.facts(image({f"{SCHEMA}{old}": "x"})).texts == {name: "x"}


def test_what_ripieno_knows_by_itself() -> None:
    found = labels.facts(
        image(
            {
                f"{OWN}cpus": "0.5",
                f"{OWN}memory-mib": "256",
                f"{SCHEMA}memory-hint": "512",
                f"{OWN}tcp-port.http": "8080",
                f"{OWN}tcp-port.admin": "9000",
                f"{OWN}health": "/healthz",
                f"{OWN}tags": "mri, viewer,, mri",
                f"{OWN}parameters": '{"properties": {"n": {"type": "integer"}}}',
            }
        )
    )
    assert (found.cpus, found.memory_mib) == (0.5, 256)
    assert found.tcp_ports == {"admin": 9000, "http": 8080}
    assert found.health == {"http": "/healthz"}
    assert found.tags == ("mri", "viewer")
    assert found.parameters == {"properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("hint", "wanted"),
    [("512", 512), ("512 MB", 512), ("2g", 2048), ("1.5GiB", 1536), ("65536k", 64)],
)
def test_memory_may_have_a_unit(hint: str, wanted: int) -> None:
    assert labels.facts(image({f"{SCHEMA}memory-hint": hint})).memory_mib == wanted


@pytest.mark.parametrize(
    ("label", "text"),
    [
        *((f"{OWN}cpus", each) for each in ("0", "x", "nan", "1e9")),
        *((f"{OWN}memory-mib", each) for each in ("16", "x", "-1", "9" * 50)),
        *((f"{OWN}tcp-port.http", each) for each in ("0", "x", "65536", "٣")),
        *((f"{OWN}tcp-port.{each}", "80") for each in ("HTTP", "", "a b")),
        *((f"{OWN}health", each) for each in ("[]", "x", "{", "&a *a")),
        *((f"{OWN}parameters", each) for each in ("[]", "x", "[" * 9000, '{"a": 1e999}')),
    ],
)
def test_what_makes_no_sense_is_told_and_left_out(label: str, text: str) -> None:
    found = labels.facts(image({label: text}))
    assert not (found.cpus or found.memory_mib or found.tcp_ports)
    assert found.health is None and found.parameters is None
    (problem,) = found.problems
    assert problem.startswith(f"label {label}: ")
    assert "convert" not in problem, "These are Python's words."


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *(labels.CPUS, labels.MEMORY, labels.MEMORY_HINT, labels.HEALTH, labels.TAGS),
                *(labels.PARAMETERS, f"{labels.TCP_PORT}a", f"{OCI}title"),
            ]
        ),
        st.text(max_size=30) | st.text(alphabet="{}[]:,\"'0 a&*", max_size=20),
    )
)
def test_any_label_is_understood_or_told(texts: dict[str, str]) -> None:
    labels.facts(image(texts))
