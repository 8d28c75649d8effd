"""The registry against one that looks at everything: nothing is lost, and every count is right."""

import asyncio
import dataclasses
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.control.registry import Registry
from ripieno.model import names
from ripieno.model import presentation as presented
from ripieno.model.bundle import Bundle, BundledFile
from ripieno.model.presentation import Picture, Presentation
from ripieno.store import bits, entry
from ripieno.store.applications import Registration
from ripieno.store.registered import (
    FacetKind,
    Order,
    Search,
    VersionRecord,
    VersionState,
)
from ripieno.store.store import Store, open_store
from ripieno.wire import archive
from tests.drawing import examples
from tests.fake_registry import FakeRegistry, MemoryCatalogue

START = datetime(2026, 1, 1, tzinfo=UTC)

WORDS = ("brain", "Brainy", "viewer", "épidémie", "MRI", "3d", "straße", "hawkes")
TAGS = ("mri", "3d", "été")
PRINCIPALS = ("everyone", "user:ada", "user:bob", "group:neuro")

texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
some_tags = st.lists(st.sampled_from(TAGS), max_size=3, unique=True).map(tuple)
presentations = st.builds(
    Presentation,
    title=texts,
    summary=texts,
    description=texts,
    category=st.sampled_from(("", "viewers", "batch")),
    tags=some_tags,
    maintainers=st.lists(st.sampled_from(("Ada", "user:bob", "group:neuro")), unique=True).map(
        tuple
    ),
)


@dataclasses.dataclass(frozen=True)
class Register:
    """Register a version."""

    name: str
    version: str
    is_draft: bool
    presentation: Presentation
    owner: str
    visibility: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Change:
    """Yank, bring back or remove a version, or share an application."""

    verb: str
    name: str
    version: str
    visibility: tuple[str, ...]


app_names = st.sampled_from(("brain", "brain-viewer", "hawkes", "x"))
versions = st.sampled_from(("1.0.0", "1.1.0", "2.0.0-rc.1"))
audiences = st.lists(st.sampled_from(PRINCIPALS), max_size=2, unique=True).map(tuple)
steps = st.lists(
    st.one_of(
        st.builds(
            Register,
            name=app_names,
            version=versions,
            is_draft=st.booleans(),
            presentation=presentations,
            owner=st.sampled_from(("ada", "bob")),
            visibility=audiences,
        ),
        st.builds(
            Change,
            verb=st.sampled_from(("yank", "unyank", "remove", "remove all", "share")),
            name=app_names,
            version=versions,
            visibility=audiences,
        ),
    ),
    max_size=12,
)
searches = st.lists(
    st.builds(
        Search,
        text=st.one_of(texts, st.text(max_size=5), st.sampled_from(WORDS).map(lambda w: w[:3])),
        facets=st.dictionaries(
            st.sampled_from((FacetKind.TAG, FacetKind.CATEGORY)),
            st.sampled_from(("mri", "3d", "viewers")).map(lambda value: (value,)),
            max_size=1,
        ),
        principals=st.frozensets(st.sampled_from(PRINCIPALS)),
        sees_all=st.booleans(),
        is_mine=st.booleans(),
        order=st.sampled_from(list(Order)),
        limit=st.just(100),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="ripieno-registry-"))


@examples(40)
@given(rounds=st.lists(st.tuples(steps, searches), min_size=1, max_size=3))
def test_search_finds_what_looking_at_everything_finds(
    folder: Path, rounds: list[tuple[list[Register | Change], list[Search]]]
) -> None:
    async def run() -> None:
        store = await open_store(f"sqlite:///{folder / 'r.db'}", folder / "key")
        try:
            await compare(store, MemoryCatalogue(), rounds)
        finally:
            await store.close()

    for each in folder.glob("r.db*"):
        each.unlink()
    asyncio.run(run())


async def compare(
    store: Store,
    memory: MemoryCatalogue,
    rounds: Sequence[tuple[Sequence[Register | Change], Sequence[Search]]],
) -> None:
    """Do the same to both, and ask both the same."""
    at = START
    for done, asked in rounds:
        for step in done:
            at += timedelta(seconds=1)
            known = await memory.application(step.name)
            if isinstance(step, Register):
                registration = registered(step, at)
                if known is not None:
                    versions = await memory.application_versions(step.name)
                    states = {each.version: each.state for each in versions}
                    if states.get(step.version, VersionState.DRAFT) is not VersionState.DRAFT:
                        continue
                for one in (store, memory):
                    await one.register(registration)
            elif known is not None:
                results = [await change(one, step) for one in (store, memory)]
                assert results[0] == results[1]
        for search in asked:
            found, wanted = await store.search(search), await memory.search(search)
            assert {each.name for each in found.items} == {each.name for each in wanted.items}
            assert sorted(found.items, key=name_of) == sorted(wanted.items, key=name_of)
            assert found.total == wanted.total
            assert not wanted.total or found.facets == wanted.facets


def name_of(record: object) -> str:
    return str(getattr(record, "name"))  # noqa: B009  # any record


def registered(step: Register, at: datetime) -> Registration:
    """What a step registers."""
    return Registration(
        version=VersionRecord(
            application=step.name,
            version=step.version,
            state=VersionState.DRAFT if step.is_draft else VersionState.PUBLISHED,
            problem="",
            created_at=at,
            created_by=step.owner,
            published_at=None if step.is_draft else at,
            yanked_because="",
            document="a",
            presentation=step.presentation,
            kinds=("command",),
        ),
        owner=step.owner,
        visibility=step.visibility,
    )


async def change(store: Store | MemoryCatalogue, step: Change) -> bool:
    """Do something to an application that is there."""
    if step.verb in ("yank", "unyank"):
        if await store.application_version(step.name, step.version) is None:
            return False
        return await store.yank(step.name, step.version, "why" * (step.verb == "yank"))
    if step.verb == "remove":
        return await store.remove_version(step.name, step.version)
    if step.verb == "remove all":
        return await store.remove_application(step.name)
    return await store.share(step.name, owner=None, visibility=step.visibility)


numbers = st.integers(0, 3)
parts = st.sampled_from(("alpha", "beta", "1", "2", "11", "rc-1", "0a"))
semantic = st.builds(
    lambda a, b, c, before, build: f"{a}.{b}.{c}" + before + build,
    numbers,
    numbers,
    numbers,
    st.one_of(
        st.just(""), st.lists(parts, min_size=1, max_size=3).map(lambda p: "-" + ".".join(p))
    ),
    st.sampled_from(("", "+b1", "+b2")),
)


def precedes(*versions: str) -> bool:
    """Whether a version is lower than another, by the letter of semver.org, item 11."""
    one, other = (each.partition("+")[0] for each in versions)
    cores = [tuple(map(int, each.partition("-")[0].split("."))) for each in (one, other)]
    if cores[0] != cores[1]:
        return cores[0] < cores[1]
    before = [each.partition("-")[2] for each in (one, other)]
    if not all(before):
        return bool(before[0]) and not before[1]
    for a, b in zip(before[0].split("."), before[1].split("."), strict=False):
        if a != b:
            if a.isdigit() and b.isdigit():
                return int(a) < int(b)
            return a.isdigit() if a.isdigit() != b.isdigit() else a < b
    return before[0].count(".") < before[1].count(".")


@given(st.lists(semantic, min_size=2, max_size=6))
def test_versions_are_ordered_as_semver_says(found: list[str]) -> None:
    assert all(map(names.is_version, found))
    ordered = sorted(found, key=entry.order)
    for one, other in pairwise(ordered):
        assert not precedes(other, one)


@given(st.sets(st.integers(0, 500)), st.integers(501, 600))
def test_bits_hold_what_was_put_in(wanted: set[int], size: int) -> None:
    flags = bits.flags(bits.of(wanted, size), size)
    assert len(flags) == size
    assert set(bits.numbers(flags)) == wanted == {n for n in range(size) if flags[n] == bits.ONE}


contents = st.builds(BundledFile, content=st.binary(max_size=100), is_executable=st.booleans())
SVG = BundledFile(content=b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>\n')


@given(
    presentation=presentations,
    files=st.dictionaries(st.sampled_from(("a.txt", "bin/run", "d/e/f.json")), contents),
    has_icon=st.booleans(),
)
def test_what_is_exported_registers_as_the_same(
    presentation: Presentation, files: dict[str, BundledFile], has_icon: bool
) -> None:
    if has_icon:
        files = {**files, "icon.svg": SVG}
        presentation = dataclasses.replace(
            presentation, icon="icon.svg", screenshots=(Picture(file="icon.svg"),)
        )
    bundle = Bundle(document=document(presentation, files), files=files)

    async def through(registry: Registry, given: Bundle) -> Bundle:
        await registry.register(given, is_draft=False, visibility=None, caller="ada")
        found = await registry.registered("brain", None)
        return archive.unpack(archive.pack(await registry.bundle(found.version)))

    async def run() -> None:
        first, second = FakeRegistry(), FakeRegistry()
        exported = await through(first, bundle)
        assert exported == bundle
        assert await through(second, exported) == bundle
        one, other = [(await each.registered("brain", None)).version for each in (first, second)]
        assert dataclasses.replace(one, created_at=START, published_at=START) == (
            dataclasses.replace(other, created_at=START, published_at=START)
        )

    asyncio.run(run())


def document(presentation: Presentation, files: dict[str, BundledFile]) -> str:
    """An application file that says this and refers to these files."""
    content = {
        "name": "brain",
        "version": "1.0.0",
        **presented.to_json(presentation),
        "components": {
            "web": {
                "type": "service",
                "command": ["serve"],
                "files": [{"source": path, "target": path} for path in files if path != "icon.svg"],
            }
        },
    }
    return json.dumps(content, ensure_ascii=False)
