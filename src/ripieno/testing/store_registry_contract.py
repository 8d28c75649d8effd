"""What every store must do with registered applications: subclass and give it a `rig` fixture.

Needs pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import dataclasses
import hashlib

import pytest

from ripieno.model.access import EVERYONE
from ripieno.model.presentation import Presentation
from ripieno.store import hits
from ripieno.store.applications import Registration
from ripieno.store.errors import InvalidCursor, NoSuchPerson, VersionTaken
from ripieno.store.records import Batch
from ripieno.store.registered import (
    EntryState,
    FacetCount,
    FacetKind,
    FileRecord,
    Found,
    Order,
    Search,
    VersionState,
)
from ripieno.store.store import Store
from ripieno.testing import store_records as some
from ripieno.testing.store_rig import ODD_TEXTS, StoreRig

ADA, BOB = frozenset({"user:ada", EVERYONE}), frozenset({"user:bob", "group:neuro", EVERYONE})

ODD_QUERIES = (
    *ODD_TEXTS,
    '"',
    '"a',
    "a AND",
    "NOT",
    "NEAR(a b)",
    "a OR b",
    "head:a",
    "{head tags} : a",
    "-a +b ^c",
    "a*",
    "*",
    "(",
    "a & b | !c <-> d",
    "'a':*",
    "a:*ABCD",
    "\\",
    "%",
    "_",
    "🎻 brain",
    "İstanbul ß ﬁ",
    "a" * 10_000,
    "\ud800",
    "\0",
    "SELECT 1; --",
    "١٢٣",
    "脳画像",
)


def named(
    name: str,
    title: str = "",
    *,
    version: str = "1.0.0",
    owner: str = "ada",
    visibility: tuple[str, ...] = (EVERYONE,),
    kinds: tuple[str, ...] = (),
    **presented: object,
) -> Registration:
    """An application that presents itself so."""
    presentation = Presentation(title=title, **presented)  # type: ignore[arg-type]  # a test's words
    return some.registration(
        version,
        of=name,
        owner=owner,
        visibility=visibility,
        presentation=presentation,
        kinds=kinds,
    )


def names(found: Found) -> list[str]:
    """What was found, in order."""
    return [each.name for each in found.items]


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

    async def test_files_of_a_draft_go_when_it_changes(self, store: Store) -> None:
        digests = [hashlib.sha256(each).hexdigest() for each in (b"a", b"b")]
        for digest, content in zip(digests, (b"a", b"b"), strict=True):
            files = {"a": FileRecord(digest=digest, size_bytes=1)}
            draft = some.registration(
                files=files, contents={digest: content}, state=VersionState.DRAFT
            )
            await store.register(draft)
        assert [await store.file(each) for each in digests] == [None, b"b"]

    async def test_words_are_found_by_how_they_begin(self, store: Store) -> None:
        await store.register(
            named("brain-viewer", "Brain viewer", description="Shows a parcellated MRI."),
            named("hawkes", "Épidémies d'été", summary="Zürich, Straße", tags=("Café",)),
            named("counter", "Counter", licence="Apache-2.0", maintainers=("Grace Hopper",)),
        )
        for text, wanted in {
            "brain": ["brain-viewer"],
            "BRA": ["brain-viewer"],
            "view brai": ["brain-viewer"],
            "brain-viewer": ["brain-viewer"],
            "parcel mri": ["brain-viewer"],
            "rain": [],
            "brain counter": [],
            "epidemies ete": ["hawkes"],
            "ÉTÉ": ["hawkes"],
            "zurich": ["hawkes"],
            "strasse": ["hawkes"],
            "cafe": ["hawkes"],
            "hopper": ["counter"],
            "apache 2": ["counter"],
            "": ["brain-viewer", "counter", "hawkes"],
            "  ": ["brain-viewer", "counter", "hawkes"],
            "!?": [],
        }.items():
            found = await store.search(Search(text=text))
            assert names(found) == wanted, text
            assert found.total == len(wanted), text

    async def test_name_counts_more_than_title_and_that_more_than_the_rest(
        self, store: Store
    ) -> None:
        await store.register(
            named("a-told", "Something", description="mri, " * 3),
            named("b-tagged", "Something", tags=("mri",)),
            named("c-titled", "MRI of something"),
            named("mri", "Something else"),
            named("mri-too", "Something"),
            named("z-other", "Nothing"),
        )
        found = names(await store.search(Search(text="mri")))
        assert found[0] == "mri"
        assert set(found[1:3]) == {"c-titled", "mri-too"}
        assert found[3:] == ["b-tagged", "a-told"]

    async def test_any_text_is_a_query(self, store: Store) -> None:
        await store.register(named("brain", "Brain"))
        for text in ODD_QUERIES:
            for order in Order:
                found = await store.search(Search(text=text, order=order))
                assert len(found.items) == found.total, text

    async def test_any_text_can_be_found_again(self, store: Store) -> None:
        for number, text in enumerate(ODD_QUERIES):
            kept = named(f"a-{number}", description=text[:20_000])
            await store.register(kept)
        found = await store.search(Search(limit=100))
        assert found.total == len(ODD_QUERIES)
        assert names(await store.search(Search(text="istanbul SS fi"))) == [
            f"a-{ODD_QUERIES.index('İstanbul ß ﬁ')}"
        ]

    async def test_facets_are_counted_over_what_is_found(self, store: Store) -> None:
        await store.register(
            named("a", "Brain", tags=("mri", "3d"), category="viewers", kinds=("command",)),
            named("b", "Brain", tags=("mri",), maintainers=("Ada",), kinds=("command", "image")),
            named("c", "Other", tags=("mri",), category="viewers"),
        )
        found = await store.search(Search(text="brain"))
        assert found.facets == {
            FacetKind.TAG: [FacetCount(value="mri", count=2), FacetCount(value="3d", count=1)],
            FacetKind.CATEGORY: [FacetCount(value="viewers", count=1)],
            FacetKind.MAINTAINER: [FacetCount(value="Ada", count=1)],
            FacetKind.KIND: [
                FacetCount(value="command", count=2),
                FacetCount(value="image", count=1),
            ],
        }
        for facets, wanted in (
            ({FacetKind.TAG: ("mri",)}, ["a", "b", "c"]),
            ({FacetKind.TAG: ("mri", "3d")}, ["a"]),
            ({FacetKind.CATEGORY: ("viewers",), FacetKind.TAG: ("mri",)}, ["a", "c"]),
            ({FacetKind.KIND: ("image",)}, ["b"]),
            ({FacetKind.TAG: ("MRI",)}, []),
            ({FacetKind.TAG: ("'; drop",)}, []),
        ):
            found = await store.search(Search(facets=facets, order=Order.NAME))
            assert names(found) == wanted
            assert found.total == len(wanted)
        narrowed = await store.search(Search(text="brain", facets={FacetKind.TAG: ("3d",)}))
        assert names(narrowed) == ["a"]
        assert not (await store.search(Search(counts=False))).facets

    async def test_only_those_find_an_application_who_may_see_it(self, store: Store) -> None:
        await store.register(
            named("open", "Brain", tags=("mri",)),
            named("for-neuro", "Brain", tags=("mri",), visibility=("group:neuro",)),
            named("for-ada", "Brain", visibility=("user:ada",), owner="eve"),
            named("hers", "Brain", visibility=(), owner="ada"),
            named("edited", "Brain", visibility=(), owner="eve", maintainers=("group:neuro",)),
        )
        everybody = {"open", "for-neuro", "for-ada", "hers", "edited"}
        for search, wanted in (
            (Search(), {"open"}),
            (Search(principals=ADA), {"open", "for-ada", "hers", "for-neuro"} - {"for-neuro"}),
            (Search(principals=BOB), {"open", "for-neuro", "edited"}),
            (Search(sees_all=True), everybody),
            (Search(principals=ADA, is_mine=True), {"open", "for-neuro", "hers"}),
            (Search(principals=BOB, is_mine=True), {"edited"}),
        ):
            wanted = set(wanted)
            if search.principals == ADA and not search.is_mine:
                wanted.add("for-neuro")  # She owns it.
            for text in ("", "brain"):
                for counts in (True, False):
                    asked = dataclasses.replace(search, text=text, counts=counts)
                    found = await store.search(asked)
                    assert set(names(found)) == wanted
                    if counts or text:
                        assert found.total == len(wanted)

    async def test_visibility_and_owner_change(self, store: Store) -> None:
        await store.register(named("brain", owner="ada"))
        assert await store.share("brain", visibility=["group:neuro"])
        assert names(await store.search(Search(principals=frozenset({"user:eve"})))) == []
        assert names(await store.search(Search(principals=BOB))) == ["brain"]
        assert await store.share("brain", owner="eve")
        assert names(await store.search(Search(principals=ADA))) == []
        assert names(await store.search(Search(principals=frozenset({"user:eve"})))) == ["brain"]
        assert not await store.share("brian", owner="eve")
        entry = await store.application("brain")
        assert entry is not None and (entry.owner, entry.visibility) == ("eve", ("group:neuro",))

    @pytest.mark.parametrize("text", ["", "brain"])
    @pytest.mark.parametrize("order", list(Order))
    async def test_pages_give_each_once(self, store: Store, order: Order, text: str) -> None:
        await store.register(*(named(f"brain-{number}") for number in range(25)))
        found: list[str] = []
        after = None
        while True:
            page = await store.search(Search(text=text, order=order, after=after, limit=10))
            found += names(page)
            after = page.next
            if after is None:
                break
        assert sorted(found) == sorted(f"brain-{number}" for number in range(25))
        if order is Order.NAME:
            assert found == sorted(found)

    async def test_newest_come_first(self, store: Store) -> None:
        for number, name in enumerate(("b", "a", "c")):
            when = some.at(number)
            kept = some.registration(
                of=name,
                presentation=Presentation(title="Brain"),
                created_at=when,
                published_at=when,
            )
            await store.register(kept)
        for text in ("", "brain"):
            found = await store.search(Search(text=text, order=Order.NEWEST))
            assert names(found) == ["c", "a", "b"]

    async def test_cursor_that_was_never_handed_out_is_refused(self, store: Store) -> None:
        for search in (
            Search(text="brain", after="x"),
            Search(text="brain", after="o.-1"),
            Search(order=Order.NEWEST, after="x"),
        ):
            with pytest.raises(InvalidCursor):
                await store.search(search)

    async def test_of_a_search_that_many_fit_some_are_counted_and_the_first_found(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hits, "MOST_COUNTED", 6)
        monkeypatch.setattr(hits, "MOST_HEADS", 4)
        monkeypatch.setattr(hits, "A_LOOK", 3)
        for number in range(24):
            title = "" if number in (3, 7) else "Viewer"
            one = named(
                f"a-{number:02}",
                title,
                summary="A viewer",
                tags=("odd",) * (number % 2),
                kinds=("command",),
            )
            when = some.at(number)
            version = dataclasses.replace(one.version, created_at=when, published_at=when)
            await store.register(dataclasses.replace(one, version=version))
        for small in (0, 100):
            monkeypatch.setattr(hits, "SMALL", small)
            found = await store.search(Search(text="view", limit=5))
            assert (found.total, found.is_partial) == (6, True)
            assert names(found) == [f"a-{number:02}" for number in (23, 22, 21, 20, 19)]
            assert found.facets[FacetKind.KIND] == [FacetCount(value="command", count=6)]
            rest = await store.search(Search(text="view", limit=5, after=found.next))
            assert (names(rest), rest.next) == (["a-18"], None)
            by_name = await store.search(Search(text="view", limit=2, order=Order.NAME))
            assert names(by_name) == ["a-00", "a-01"]
            narrowed = await store.search(Search(text="view 07"))
            assert (names(narrowed), narrowed.total, narrowed.is_partial) == (["a-07"], 1, False)
            odd = Search(text="view", facets={FacetKind.TAG: ("odd",)}, limit=2)
            assert names(await store.search(odd)) == ["a-23", "a-21"]
            hidden = Search(text="view", principals=frozenset({"user:nobody"}))
            assert (await store.search(hidden)).total == 6
        await store.share("a-23", visibility=())
        assert names(await store.search(Search(text="view", limit=1))) == ["a-22"]

    async def test_change_by_another_server_is_found(self, rig: StoreRig) -> None:
        one, other = await rig.open(), await rig.open()
        assert (await one.search(Search(text="brain"))).total == 0
        await other.register(named("brain", tags=("mri",)))
        found = await one.search(Search(text="brain"))
        assert names(found) == ["brain"]
        assert found.facets[FacetKind.TAG] == [FacetCount(value="mri", count=1)]
        await other.share("brain", visibility=())
        assert (await one.search(Search(text="brain"))).total == 0
        await other.remove_application("brain")
        await other.register(named("brain"))
        assert (await one.search(Search(text="brain"))).total == 1

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
