"""What every store must do when applications are looked for: subclass and give it `rig`.

Needs pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import dataclasses

import pytest

from ripieno.model.access import EVERYONE
from ripieno.model.presentation import Presentation
from ripieno.store import hits
from ripieno.store.applications import Registration
from ripieno.store.errors import InvalidCursor
from ripieno.store.registered import (
    FacetCount,
    FacetKind,
    Found,
    Order,
    Search,
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


class StoreSearchContract:
    """Subclasses have an async fixture `rig`."""

    @pytest.fixture
    async def store(self, rig: StoreRig) -> Store:
        return await rig.open()

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
