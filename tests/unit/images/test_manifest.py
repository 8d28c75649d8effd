"""Manifests, indexes and configurations, whatever a registry serves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.images import challenge, manifest
from ripieno.images.challenge import Bearer
from ripieno.images.errors import IllegalAnswer
from ripieno.model.image import ImageHealth, ImageMetadata

DIGESTS = [f"sha256:{number:064x}" for number in range(9)]


def read(config: Any, document: Any = None) -> ImageMetadata:
    return manifest.metadata(
        name="a", digest="b", platforms=(), annotations=(), manifest=document or {}, config=config
    )


def entry(number: int, platform: str = "", media_type: str = "", **more: Any) -> dict[str, Any]:
    names = ("os", "architecture", "variant")
    parts = dict(zip(names, platform.split("/"), strict=False)) if platform else None
    return {"digest": DIGESTS[number], "platform": parts, "mediaType": media_type, **more}


def test_entries_are_tried_from_the_best_to_the_worst() -> None:
    index = {
        "manifests": [
            entry(1, "windows/amd64"),
            entry(2, "linux/arm64"),
            entry(3, media_type="application/x-new"),
            entry(4),
            entry(5, media_type=manifest.OCI_INDEX),
            entry(6, "linux/amd64/v2"),
            entry(7, "unknown/unknown"),
            entry(8, "linux/amd64", annotations={"vnd.docker.reference.type": "attestation"}),
            {"digest": "md5:0"},
            {},
            None,
        ]
    }
    found = manifest.ranked(manifest.entries(index), "linux/amd64")
    assert [DIGESTS.index(each.digest) for each in found] == [6, 5, 4, 2, 1, 3]


@pytest.mark.parametrize(
    ("exposed", "wanted"),
    [
        ({"80/tcp": {}, "443": {}}, ((80, "tcp"), (443, "tcp"))),
        ({"8000-8002/udp": {}}, ((8000, "udp"), (8001, "udp"), (8002, "udp"))),
        ({"0/tcp": {}, "65536": {}, "x": {}, "-1": {}, "": {}, "٣": {}}, ()),
        (["80/tcp"], ()),
        (None, ()),
    ],
)
def test_exposed_ports_are_numbers_with_a_protocol(exposed: Any, wanted: Any) -> None:
    assert read({"config": {"ExposedPorts": exposed}}).exposed_ports == wanted


def test_a_long_range_of_ports_is_cut() -> None:
    found = read({"config": {"ExposedPorts": {"1-999999999999999/tcp": {}}}})
    assert len(found.exposed_ports) == manifest.MOST_ENTRIES


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ({"Test": ["CMD", "a", "b"]}, ImageHealth(argv=("a", "b"))),
        (
            {"Test": ["CMD-SHELL", "a || b"], "Timeout": 10**9, "StartPeriod": 5 * 10**8},
            ImageHealth(shell="a || b", timeout_s=1.0, start_period_s=0.5),
        ),
        ({"Test": ["NONE"]}, None),
        ({"Test": ["CMD"]}, None),
        ({"Test": []}, None),
        ({}, None),
        ("CMD", None),
    ],
)
def test_health_checks_are_those_of_docker(check: Any, wanted: ImageHealth | None) -> None:
    assert read({"config": {"Healthcheck": check}}).health == wanted


def test_the_size_is_that_of_all_layers() -> None:
    document = {"layers": [{"size": 3}, {"size": 4}, {"size": "x"}, None]}
    assert read({}, document).size_bytes == 7


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(IllegalAnswer, match="it is no JSON"):
        manifest.parse(body, "it")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("config", "Labels", "Env", "ExposedPorts", "Healthcheck", "Test", "layers"),
                    *("manifests", "digest", "platform", "os", "annotations", "mediaType", "size"),
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(JSON, JSON, JSON)
def test_anything_is_read_somehow(document: Any, config: Any, index: Any) -> None:
    for each in (document, config, index):
        if isinstance(each, dict):
            if manifest.is_index(each):
                manifest.ranked(manifest.entries(each), "linux/amd64")
            manifest.config_of(each)
            found = read(each, document if isinstance(document, dict) else {})
            assert all(isinstance(text, str) for text in found.labels.values())
            json.dumps([found.env, found.cmd, found.volumes, found.exposed_ports])


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (
            'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
            Bearer(realm="https://a/t", service="s", scope="repository:a:pull,push"),
        ),
        ("bearer Realm=https://a/t", Bearer(realm="https://a/t")),
        ('Basic realm="x", Bearer realm="y", service="z"', Bearer(realm="y", service="z")),
        (r'Bearer realm="a\"b"', Bearer(realm='a"b')),
        ('Basic realm="x"', None),
        ('Bearer service="s"', None),
        ("Negotiate", None),
        ("", None),
        ("=,=,\x00", None),
    ],
)
def test_a_challenge_says_where_a_token_is_to_be_had(header: str, wanted: Bearer | None) -> None:
    assert challenge.bearer(header) == wanted


@given(st.text(alphabet='Bearer realm=",\\ x', max_size=60))
def test_any_challenge_is_read_in_the_end(header: str) -> None:
    challenge.bearer(header)
