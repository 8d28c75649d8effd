"""A registry of 100,000 applications: how long a search and a page of the list take, and how many
reads a second the API answers. And all that is between its users and what they deploy: the door,
and the pages in a browser, which `door.py` and `ui.py` measure by themselves as well.

    .venv/bin/python benchmarks/registry.py [--json] [--only PART] [--database URL]

Applications are made up of words that are as frequent as words of a language are, and queries of
words of the applications: a word, two, the beginning of one, one with a tag, and nothing at all.
Times are on the wall, one query after the other. The server is asked over HTTP, by eight
connections of a process of its own. All takes some fifteen minutes, most of it to register; a
database that is named is filled once and stays.
"""

import asyncio
import itertools
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import door
import ui
from measure import Better, Extent, Figure, main, refuse
from ripieno.model.presentation import Presentation
from ripieno.store.applications import Registration
from ripieno.store.errors import CannotOpen
from ripieno.store.registered import FacetKind, Order, Search, VersionRecord, VersionState
from ripieno.store.store import Store, open_store
from ripieno.testing.postgres import PostgresServer
from ripieno.testing.servers import ServerProcess

APPLICATIONS = 100_000
A_BATCH = 500
QUERIES = 200
PAGES = 100
READS = 4000
SEARCHES = 1000
CONNECTIONS = 8

START = datetime(2026, 1, 1, tzinfo=UTC)
VIEWER = frozenset({"user:ada", "group:neuro", "everyone"})

ONSETS = (*"bcdfghjklmnprstvwz", "br", "cr", "dr", "fr", "gr", "pl", "st", "tr", "th", "sh")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
CODAS = ["", "", "", "n", "r", "s", "l", "t", "ng", "st"]
CATEGORIES = [
    "analysis", "databases", "imaging", "learning", "notebooks", "simulation", "streams",
    "teaching", "viewers", "workflows",
]  # fmt: skip


class Catalogue:
    """Made-up applications, the same ones every time."""

    def __init__(self) -> None:
        self._random = random.Random(20260101)
        self._words = self._vocabulary(20_000)
        self._weights = list(itertools.accumulate(1 / (rank + 8) for rank in range(20_000)))
        self._tags = self._words[100:500]
        self._tag_weights = list(itertools.accumulate(1 / (rank + 5) for rank in range(400)))
        self._people = [f"{a.title()} {b.title()}" for a, b in self._pairs(5000)]
        self.seen: list[Presentation] = []

    def _vocabulary(self, count: int) -> list[str]:
        made: dict[str, None] = {}
        while len(made) < count:
            syllables = self._random.choices((1, 2, 3, 4), (1, 4, 3, 1))[0]
            made["".join(self._syllable() for _ in range(syllables))] = None
        return list(made)

    def _syllable(self) -> str:
        return "".join(self._random.choice(each) for each in (ONSETS, VOWELS, CODAS))

    def _pairs(self, count: int) -> Iterator[tuple[str, str]]:
        for _ in range(count):
            first, last = self._random.sample(self._words, 2)
            yield first, last

    def words(self, count: int) -> list[str]:
        """Words, as often as they are used."""
        return self._random.choices(self._words, cum_weights=self._weights, k=count)

    def registrations(self, count: int) -> Iterator[Registration]:
        """Applications of one version each; one of twenty is not for everyone."""
        for number in range(count):
            words = self.words(50)
            tags = self._random.choices(self._tags, cum_weights=self._tag_weights, k=3)
            presentation = Presentation(
                title=" ".join(words[:3]).capitalize(),
                summary=" ".join(words[3:12]),
                description=" ".join(words[12:]),
                category=self._random.choice(CATEGORIES),
                tags=tuple(dict.fromkeys(tags)),
                maintainers=tuple(self._random.sample(self._people, 2)),
                licence="MIT",
            )
            self.seen.append(presentation)
            name = f"{words[0]}-{words[1]}-{number}"
            at = START + timedelta(seconds=number)
            yield Registration(
                version=VersionRecord(
                    application=name,
                    version="1.0.0",
                    state=VersionState.PUBLISHED,
                    problem="",
                    created_at=at,
                    created_by="ada",
                    published_at=at,
                    yanked_because="",
                    document=DOCUMENT.format(name=name),
                    presentation=presentation,
                    kinds=("image",) if number % 3 else ("command",),
                ),
                owner=f"user-{number % 100}",
                visibility=("group:neuro",) if number % 20 == 0 else ("everyone",),
            )

    def searches(self, count: int) -> Iterator[Search]:
        """What people look for: words that some application has."""
        for _ in range(count):
            one = self._random.choice(self.seen)
            words = (f"{one.title} {one.summary}".lower()).split()
            kind = self._random.random()
            text, facets = "", {}
            if kind < 0.4:
                text = self._random.choice(words)
            elif kind < 0.65:
                text = " ".join(self._random.sample(words, 2))
            elif kind < 0.85:
                text = self._random.choice(words)[: self._random.randint(2, 5)]
            elif kind < 0.95:
                text, facets = self._random.choice(words), {FacetKind.TAG: one.tags[:1]}
            yield Search(text=text, facets=facets, principals=VIEWER)


DOCUMENT = """\
name: {name}
version: 1.0.0
components:
  web:
    type: service
    command: [python3, -m, http.server, "${{port}}"]
    tcp_ports: {{http: auto}}
"""


async def fill(store: Store, catalogue: Catalogue, count: int) -> float:
    """Register applications; how many a second."""
    begin = time.perf_counter()
    registrations = catalogue.registrations(count)
    while batch := list(itertools.islice(registrations, A_BATCH)):
        await store.register(*batch)
    return count / (time.perf_counter() - begin)


async def times_ms(store: Store, searches: Sequence[Search]) -> list[float]:
    """How long each takes."""
    found = []
    for each in searches:
        begin = time.perf_counter()
        await store.search(each)
        found.append(1000 * (time.perf_counter() - begin))
    return found


def p95(values: Sequence[float]) -> float:
    """What one of twenty exceeds."""
    return statistics.quantiles(values, n=20)[-1]


async def in_store(url: str, home: Path, extent: Extent, count: int) -> dict[str, list[float]]:
    """Registering, searching and listing, by the name of the figure."""
    store = await open_store(url, home / "secrets.key")
    try:
        catalogue = Catalogue()
        found: dict[str, list[float]] = {"registered": [], "search": [], "page": []}
        if (await store.search(Search(principals=VIEWER))).total:
            list(catalogue.registrations(count))  # It was filled with these before.
        else:
            found["registered"] = [await fill(store, catalogue, count)]
        await store.search(Search(text="warm", principals=VIEWER))
        for _ in range(extent.runs):
            searches = list(catalogue.searches(extent.size(QUERIES)))
            found["search"].append(p95(await times_ms(store, searches)))
            pages = [
                Search(order=order, after=after, limit=50, counts=False, principals=VIEWER)
                for order, after in itertools.islice(
                    ((Order.NAME, words[0]) for words in iter(lambda: catalogue.words(1), [])),
                    extent.size(PAGES),
                )
            ]
            found["page"].append(p95(await times_ms(store, pages)))
        return found
    finally:
        await store.close()


async def answered(url: str, home: Path, extent: Extent) -> tuple[list[float], list[float]]:
    """Reads a second through the API of a server, four of five of an application and one of a page
    of the list; and searches a second."""
    server = ServerProcess(home, database_url=url)
    server.start()
    client = await server.ready()
    try:
        first = await client.applications(limit=500)
        names = [each.name for each in first.items]
        words = [each.title.split()[0].lower() for each in first.items]
        token = (home / "admin.token").read_text().strip()
        chosen = random.Random(1)

        def read() -> str:
            if chosen.random() < 0.8:
                return f"/api/v1/applications/{chosen.choice(names)}"
            return f"/api/v1/applications?order=name&limit=20&after={chosen.choice(names)}"

        def search() -> str:
            return f"/api/v1/applications?limit=20&q={chosen.choice(words)}"

        found: list[list[float]] = []
        for path, count in ((read, extent.size(READS)), (search, extent.size(SEARCHES))):
            await load(server.url, token, path, 50)
            found.append([await load(server.url, token, path, count) for _ in range(extent.runs)])
        return found[0], found[1]
    finally:
        await client.close()
        server.stop()


async def load(url: str, token: str, path: Callable[[], str], count: int) -> float:
    """Requests a second, over a few connections that are kept."""
    host, _, port = url.removeprefix("http://").partition(":")
    headers = f"Host: {host}\r\nAuthorization: Bearer {token}"
    left = iter(range(count))

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in left:
            writer.write(f"GET {path()} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(ask())
    return count / (time.perf_counter() - begin)


def figures(where: str, found: dict[str, list[float]], count: int) -> Iterator[Figure]:
    """What was measured in one database."""
    if found["registered"]:
        yield Figure(
            name=f"registering {count:,} applications, {where}",
            unit="/s",
            runs=tuple(found["registered"]),
            better=Better.HIGHER,
        )
    yield Figure(
        name=f"search among {count:,}, p95, {where}",
        unit="ms",
        runs=tuple(found["search"]),
        budget=30.0,
    )
    yield Figure(
        name=f"page of the list of {count:,}, p95, {where}",
        unit="ms",
        runs=tuple(found["page"]),
        budget=20.0,
    )


def measured(extent: Extent) -> Iterator[Figure]:
    """All figures, or those that are asked for."""
    count = extent.size(APPLICATIONS)
    only, kept = extent.given.get("only"), extent.given.get("database")
    home = Path(tempfile.mkdtemp(prefix="ripieno-registry-"))
    try:
        if kept:
            try:
                found = asyncio.run(in_store(kept, home, extent, count))
            except CannotOpen as problem:
                refuse(str(problem))
            yield from figures("the database named", found, count)
            return
        if only in (None, "sqlite", "reads"):
            yield from in_sqlite(home, extent, count)
        if only in (None, "postgresql"):
            with PostgresServer(shared_buffers="256MB") as server:
                url = server.new_database()
                found = asyncio.run(in_store(url, home, extent, count))
            yield from figures("PostgreSQL", found, count)
        if only in (None, "door"):
            yield from door.measured(extent)
        if only in (None, "pages"):
            yield from ui.measured(extent)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def in_sqlite(home: Path, extent: Extent, count: int) -> Iterator[Figure]:
    """The figures of the store, and of a server on it."""
    url = f"sqlite:///{home / 'ripieno.db'}"
    only = extent.given.get("only")
    searching = replace(extent, runs=0) if only == "reads" else extent
    found = asyncio.run(in_store(url, home, searching, count))
    if only != "reads":
        yield from figures("SQLite", found, count)
    if only == "sqlite":
        return
    reads, searches = asyncio.run(answered(url, home, extent))
    yield Figure(
        name=f"reads through the API, {count:,} applications, SQLite",
        unit="/s",
        runs=tuple(reads),
        better=Better.HIGHER,
        budget=500.0,
    )
    yield Figure(
        name=f"searches through the API, {count:,} applications, SQLite",
        unit="/s",
        runs=tuple(searches),
        better=Better.HIGHER,
    )


if __name__ == "__main__":
    main(
        "The registry",
        measured,
        options={
            "only": {
                "choices": ["sqlite", "postgresql", "reads", "door", "pages"],
                "help": "only these figures; reads are through the API",
            },
            "database": "the URL of a database to search in, filled if it is empty, and left there",
        },
    )
