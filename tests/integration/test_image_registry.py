"""Images in a real registry, read without pulling them."""

import json
from collections.abc import Iterator

import pytest

from ripieno.images import errors
from ripieno.images.registry import RegistryReader
from ripieno.model.image import ImageHealth
from ripieno.testing import registries
from ripieno.testing.registries import DockerRegistry, Pusher, TokenServer, pushing

CONFIG = {
    "Labels": {"org.opencontainers.image.title": "Viewer"},
    "ExposedPorts": {"8080/tcp": {}, "53/udp": {}, "nonsense": {}},
    "Env": ["PATH=/bin", "A=b=c", "EMPTY="],
    "Entrypoint": ["/viewer"],
    "Cmd": ["--fast"],
    "Volumes": {"/data": {}},
    "User": "1000",
    "WorkingDir": "/srv",
    "StopSignal": "SIGINT",
    "Healthcheck": {"Test": ["CMD", "probe"], "Interval": 5_000_000_000, "Retries": 2},
}


@pytest.fixture(scope="module")
def registry() -> Iterator[DockerRegistry]:
    try:
        started = DockerRegistry()
    except registries.Unavailable as problem:
        pytest.skip(str(problem))
    with started:
        yield started


@pytest.fixture
def viewer(registry: DockerRegistry) -> Iterator[Pusher]:
    with pushing(registry.url, "neuro/viewer") as pusher:
        yield pusher


@pytest.fixture
def reader(registry: DockerRegistry) -> RegistryReader:
    return RegistryReader([registry.host])


async def test_all_that_an_image_says_is_read(
    registry: DockerRegistry, viewer: Pusher, reader: RegistryReader
) -> None:
    pushed = viewer.image(CONFIG, tag="1.0", annotations={"a": "b"})
    found = await reader.read(f"{registry.host}/neuro/viewer:1.0")
    assert found.digest == pushed.digest
    assert found.platform == "linux/amd64"
    assert found.labels == {"org.opencontainers.image.title": "Viewer"}
    assert found.annotations == {"a": "b"}
    assert found.exposed_ports == ((53, "udp"), (8080, "tcp"))
    assert found.env == {"PATH": "/bin", "A": "b=c", "EMPTY": ""}
    assert (found.entrypoint, found.cmd) == (("/viewer",), ("--fast",))
    assert (found.volumes, found.user) == (("/data",), "1000")
    assert (found.working_directory, found.stop_signal) == ("/srv", "SIGINT")
    assert found.health == ImageHealth(argv=("probe",), interval_s=5.0, retries=2)
    again = await reader.read(f"{registry.host}/neuro/viewer@{pushed.digest}")
    assert again.labels == found.labels and again.digest == found.digest


async def test_an_index_leads_to_the_platform_and_attestations_are_passed_over(
    registry: DockerRegistry, viewer: Pusher
) -> None:
    images = {
        platform: viewer.image({"Labels": {"for": platform}}, platform=platform)
        for platform in ("linux/arm64/v8", "linux/amd64", "windows/amd64")
    }
    attestation = viewer.image({"Labels": {"for": "nobody"}}, platform="unknown/unknown")
    viewer.index([attestation, *images.values()], tag="many", annotations={"of": "index"})
    name = f"{registry.host}/neuro/viewer:many"
    for platform in images:
        asked = "/".join(platform.split("/")[:2])
        found = await RegistryReader([registry.host], platform=asked).read(name)
        assert found.labels == {"for": platform}
        assert found.platforms == ("linux/arm64/v8", "linux/amd64", "windows/amd64")
        assert found.annotations == {"of": "index"}
    # Of one that is not there, the labels of another are as good as any.
    found = await RegistryReader([registry.host], platform="linux/s390x").read(name)
    assert found.labels == {"for": "linux/arm64/v8"}


async def test_indexes_may_be_nested_and_annotations_nearer_to_the_image_count_more(
    registry: DockerRegistry, viewer: Pusher, reader: RegistryReader
) -> None:
    image = viewer.image({}, annotations={"c": "manifest"})
    image["annotations"] = {"b": "descriptor", "c": "descriptor"}
    inner = viewer.index([image], annotations={"a": "inner", "b": "inner"})
    other = viewer.image({"Labels": {"for": "windows"}}, platform="windows/amd64")
    viewer.index([other, inner], tag="nested", annotations={"a": "outer", "z": "outer"})
    found = await reader.read(f"{registry.host}/neuro/viewer:nested")
    assert found.labels == {}
    assert found.annotations == {
        "z": "outer",
        "a": "inner",
        "b": "descriptor",
        "c": "manifest",
    }


async def test_what_is_in_an_index_and_no_image_is_passed_over(
    registry: DockerRegistry, viewer: Pusher, reader: RegistryReader
) -> None:
    chart = viewer.blob(b"{}", "application/vnd.cncf.helm.config.v1+json")
    odd = viewer.manifest(
        {"schemaVersion": 2, "mediaType": registries.MANIFEST, "config": chart, "layers": []},
        registries.MANIFEST,
    )
    assert (await reader.read(f"{registry.host}/neuro/viewer@{odd.digest}")).labels == {}
    image = viewer.image({"Labels": {"a": "b"}})
    viewer.index([{**odd, "mediaType": registries.MANIFEST}], tag="odd")
    viewer.index([image], tag="even")
    assert (await reader.read(f"{registry.host}/neuro/viewer:even")).labels == {"a": "b"}


@pytest.mark.parametrize(
    "name", ["neuro/viewer:none", "neuro/none", "neuro/viewer@sha256:" + "0" * 64]
)
async def test_an_image_that_is_not_there_is_named(
    registry: DockerRegistry, reader: RegistryReader, name: str, viewer: Pusher
) -> None:
    viewer.image({}, tag="1.0")
    with pytest.raises(errors.ImageNotFound, match=r"127.0.0.1:\d+ has not the manifest .*UNKNOWN"):
        await reader.read(f"{registry.host}/{name}")


async def test_tags_are_listed(registry: DockerRegistry, reader: RegistryReader) -> None:
    with pushing(registry.url, "neuro/tagged") as pusher:
        for tag in ("1.0", "1.1", "2.0", "latest", "old"):
            pusher.image({}, tag=tag)
    name = f"{registry.host}/neuro/tagged"
    assert sorted(await reader.tags(name)) == ["1.0", "1.1", "2.0", "latest", "old"]


async def test_a_registry_that_wants_tokens_is_shown_one() -> None:
    with TokenServer(["open/tool"]) as tokens, DockerRegistry(tokens) as registry:
        for repository in ("open/tool", "closed/tool"):
            token = tokens.token(repository, "pull", "push")
            with pushing(registry.url, repository, token=token) as pusher:
                pusher.image({"Labels": {"a": "b"}}, tag="1.0")
        tokens.asked.clear()
        reader = RegistryReader([registry.host, tokens.host])
        found = await reader.read(f"{registry.host}/open/tool:1.0")
        assert found.labels == {"a": "b"}
        (asked,) = tokens.asked
        assert asked.query == {"service": registries.SERVICE, "scope": "repository:open/tool:pull"}
        assert "authorization" not in asked.headers
        assert await reader.tags(f"{registry.host}/open/tool") == ("1.0",)
        # The token server does not say no, it gives a token that is good for nothing.
        tokens.asked.clear()
        with pytest.raises(errors.RegistryRefused, match="does not let everybody read closed/tool"):
            await reader.read(f"{registry.host}/closed/tool:1.0")
        assert len(tokens.asked) == 1
        # Where tokens come from is not allowed because the registry is.
        with pytest.raises(errors.ForbiddenAddress, match=f"--allow-registry {tokens.host}"):
            await RegistryReader([registry.host]).read(f"{registry.host}/open/tool:1.0")


async def test_a_registry_on_this_machine_is_not_asked_unless_it_is_allowed(
    registry: DockerRegistry, viewer: Pusher
) -> None:
    viewer.image({}, tag="1.0")
    for host in (registry.host, f"localhost:{registry.port}", f"[::1]:{registry.port}"):
        with pytest.raises(errors.ForbiddenAddress, match="is not on the public Internet"):
            await RegistryReader(["example.org", "127.0.0.1:1"]).read(f"{host}/neuro/viewer:1.0")
    found = await RegistryReader([f"localhost:{registry.port}"]).read(
        f"localhost:{registry.port}/neuro/viewer:1.0"
    )
    assert json.loads(json.dumps(found.labels)) == {}
