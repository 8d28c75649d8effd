"""What every store must do with registered applications: subclass and give it a `rig` fixture.

Needs pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import dataclasses
import hashlib

import pytest

from ripieno.model.access import EVERYONE
from ripieno.model.presentation import Presentation
from ripieno.store.errors import NoSuchPerson, VersionTaken
from ripieno.store.records import REMOVED, Batch
from ripieno.store.registered import (
    EntryState,
    FileRecord,
    Search,
    VersionState,
)
from ripieno.store.store import Store
from ripieno.testing import store_records as some
from ripieno.testing.store_rig import StoreRig
from ripieno.testing.store_search_contract import ADA, names


class StoreRegistryContract:
    """Subclasses have an async fixture `rig`."""

    @pytest.fixture
    async def store(self, rig: StoreRig) -> Store:
        return await rig.open()

    async def test_published_version_never_changes(self, store: Store) -> None:
        first = some.registration("1.0.0", document="a")
        await store.register(first)
        await store.register(first)
        for others in ({"document": "b"}, {"files": {"a": FileRecord(digest="d", size_bytes=1)}}):
            with pytest.raises(VersionTaken, match=r"shop 1\.0\.0"):
                await store.register(some.registration("1.0.0", **others))
        draft = some.registration("1.0.0", document="b", state=VersionState.DRAFT)
        with pytest.raises(VersionTaken):
            await store.register(draft)
        assert await store.application_version("shop", "1.0.0") == first.version
        assert await store.application_version("shop", "2.0.0") is None
        found = await store.application("shop")
        assert found is not None and found.updated_at == some.START

    async def test_everything_of_a_version_is_kept(self, store: Store) -> None:
        presentation = Presentation(
            title="Brain viewer",
            description="# é\n<script>alert(1)</script>",
            tags=("mri", "3d view"),
            maintainers=("user:ada", "Bob <bob@lab.example>"),
            icon="icon.svg",
        )
        files = {
            "icon.svg": FileRecord(digest="d", size_bytes=3, media_type="image/svg+xml"),
            "bin/run": FileRecord(digest="e", size_bytes=0, is_executable=True),
        }
        registration = some.registration(presentation=presentation, files=files, kinds=("image",))
        await store.register(registration)
        assert await store.application_version("shop") == registration.version
        entry = await store.application("shop")
        assert entry is not None
        assert (entry.icon, entry.tags, entry.editors) == ("d", presentation.tags, ("user:ada",))
        assert (entry.owner, entry.visibility, entry.latest) == ("ada", (EVERYONE,), "1.0.0")

    @pytest.mark.parametrize(
        ("versions", "presented", "latest"),
        [
            (["1.9.0", "1.10.0", "2.0.0-rc.1"], "1.10.0", "1.10.0"),
            (["1.0.0-rc.2", "1.0.0-rc.10"], "1.0.0-rc.10", None),
            (["1.0.0", "1.0.1 draft"], "1.0.0", "1.0.0"),
            (["1.0.0", "2.0.0 yanked", "3.0.0 draft"], "1.0.0", "1.0.0"),
            (["1.0.0-rc.1", "2.0.0 yanked"], "1.0.0-rc.1", None),
            (["1.0.0 yanked", "2.0.0 draft"], "1.0.0", None),
            (["1.0.0 draft", "1.1.0 draft"], "1.1.0", None),
            (["1.0.0+a", "1.0.0-rc"], "1.0.0+a", "1.0.0+a"),
        ],
    )
    async def test_application_is_presented_by_its_highest_release(
        self, store: Store, versions: list[str], presented: str, latest: str | None
    ) -> None:
        for each in versions:
            number, _, state = each.partition(" ")
            kept = VersionState(state or "published")
            await store.register(some.registration(number, state=kept))
        found = await store.application("shop")
        assert found is not None
        assert (found.version, found.latest) == (presented, latest)
        assert found.title == f"Title of {presented}"
        listed = [each.version for each in await store.application_versions("shop")]
        assert sorted(listed) == sorted(each.partition(" ")[0] for each in versions)

    async def test_yanked_version_comes_back_as_it_was(self, store: Store) -> None:
        await store.register(some.registration("1.0.0"), some.registration("1.1.0"))
        before = await store.application_version("shop", "1.1.0")
        assert await store.yank("shop", "1.1.0", "it crashes")
        assert not await store.yank("shop", "1.1.0", "it crashes")
        yanked = await store.application_version("shop", "1.1.0")
        assert yanked is not None
        assert (yanked.state, yanked.yanked_because) == (VersionState.YANKED, "it crashes")
        assert (await store.search(Search(text="shop"))).items[0].version == "1.0.0"
        assert await store.yank("shop", "1.0.0", "so does this")
        assert names(await store.search(Search(text="shop"))) == []
        assert await store.yank("shop", "1.1.0", "")
        assert not await store.yank("shop", "1.1.0", "")
        assert await store.application_version("shop", "1.1.0") == before
        assert (await store.search(Search())).items[0].version == "1.1.0"

    async def test_draft_is_replaced_and_then_published(self, store: Store) -> None:
        draft = VersionState.DRAFT
        for document in ("a", "b"):
            kept = some.registration(state=draft, document=document, published_at=None)
            await store.register(kept)
        found = await store.application_version("shop", "1.0.0")
        assert found is not None and found.document == "b"
        entry = await store.application("shop")
        assert entry is not None and entry.state is EntryState.DRAFT
        assert names(await store.search(Search(principals=ADA))) == []
        assert names(await store.search(Search(principals=ADA, is_mine=True))) == ["shop"]
        await store.register(some.registration(document="b"))
        assert names(await store.search(Search(principals=ADA))) == ["shop"]

    async def test_application_goes_with_its_last_version(self, store: Store) -> None:
        for each in ("1.0.0", "2.0.0"):
            await store.register(some.registration(each))
        assert await store.remove_version("shop", "2.0.0")
        assert not await store.remove_version("shop", "2.0.0")
        entry = await store.application("shop")
        assert entry is not None and entry.version == "1.0.0"
        assert await store.remove_version("shop", "1.0.0")
        assert await store.application("shop") is None
        assert (await store.search(Search(text="shop", counts=True))).total == 0
        await store.register(some.registration("1.0.0", owner="bob"))
        entry = await store.application("shop")
        assert entry is not None and entry.owner == "bob"
        assert names(await store.search(Search(text="shop"))) == ["shop"]
        assert await store.remove_application("shop")
        assert not await store.remove_application("shop")
        assert (await store.search(Search())).items == []

    async def test_files_are_kept_once_and_as_long_as_somebody_has_them(self, store: Store) -> None:
        content, other = b"a\0\xff" * 1000, b""
        digests = [hashlib.sha256(each).hexdigest() for each in (content, other)]
        contents = dict(zip(digests, (content, other), strict=True))
        files = {
            path: FileRecord(digest=digest, size_bytes=len(contents[digest]))
            for path, digest in zip("ab", digests, strict=True)
        }
        one = some.registration("1.0.0", files=files, contents=contents)
        two = some.registration("2.0.0", files={"a": files["a"]}, contents=contents)
        await store.register(one, two)
        assert [await store.file(each) for each in digests] == [content, other]
        await store.remove_version("shop", "1.0.0")
        assert [await store.file(each) for each in digests] == [content, None]
        target = {"components": {"web": {"files": [{"digest": digests[0]}]}}}
        deployment = some.deployment(target=target)
        await store.commit("d-1", Batch(expected_seq=0, deployment=deployment))
        assert await store.application_users("shop") == ["d-1"]
        assert await store.application_users("shop", "9.9.9") == []
        await store.remove_application("shop")
        assert await store.file(digests[0]) == content
        gone = dataclasses.replace(deployment, state=REMOVED)
        await store.commit("d-1", Batch(expected_seq=0, deployment=gone))
        assert await store.file(digests[0]) is None

    async def test_files_of_a_draft_go_when_it_changes(self, store: Store) -> None:
        digests = [hashlib.sha256(each).hexdigest() for each in (b"a", b"b")]
        for digest, content in zip(digests, (b"a", b"b"), strict=True):
            files = {"a": FileRecord(digest=digest, size_bytes=1)}
            draft = some.registration(
                files=files, contents={digest: content}, state=VersionState.DRAFT
            )
            await store.register(draft)
        assert [await store.file(each) for each in digests] == [None, b"b"]

    async def test_what_users_save_is_theirs_and_goes_with_them(self, store: Store) -> None:
        for name in ("ada", "bob"):
            await store.add_user(some.user(name))
        await store.register(some.registration(), some.registration(of="lab"))
        mine = [some.saved("Été 🎻"), some.saved("large", version="1.0.0", configuration="big")]
        others = some.saved(of="bob"), some.saved(application="lab")
        for each in (*mine, *others):
            await store.save_configuration(each)
        assert await store.saved_configurations("ada", "shop") == [mine[1], mine[0]]
        changed = dataclasses.replace(mine[1], settings={}, saved_at=some.at(5))
        await store.save_configuration(changed)
        assert await store.saved_configurations("ada", "shop") == [changed, mine[0]]
        assert await store.remove_saved_configuration("ada", "shop", "large")
        assert not await store.remove_saved_configuration("ada", "shop", "large")
        assert await store.saved_configurations("bob", "shop") == [others[0]]
        await store.remove_application("shop")
        assert await store.saved_configurations("bob", "shop") == []
        assert await store.remove_user("ada")
        assert await store.saved_configurations("ada", "lab") == []
        with pytest.raises(NoSuchPerson, match="'ada'"):
            await store.save_configuration(some.saved())
