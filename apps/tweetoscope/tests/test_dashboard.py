"""The dashboard in a browser, behind a path, over a broker in memory that is fed and lost."""

import hashlib
import re
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from apps.tweetoscope.tests.test_dashboard_board import ALERT, FORETOLD
from tweetoscope import messages, reports
from tweetoscope.broker import Broker
from tweetoscope.cascade import Ended, Tweet
from tweetoscope.dashboard import site as sites
from tweetoscope.dashboard.reading import Reading
from tweetoscope.dashboard.site import Site, serve
from tweetoscope.metrics import Metrics
from tweetoscope.topics import (
    ALERTS,
    DASHBOARD,
    PREDICTIONS,
    PROPERTIES,
    STATS,
    TWEETS,
    all_topics,
    window_key,
)

WITHIN_MS = 60_000
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
STATIC = Path(sites.__file__).parent / "static"


@contextmanager
def served(broker: Broker) -> Iterator[str]:
    """Where a dashboard is, below a path as a proxy that strips none would have it."""
    reading, stop = Reading(broker), threading.Event()
    site = Site(reading, Metrics(DASHBOARD), (600.0, 1800.0))
    site.app = Starlette(routes=[Mount("/lab/tweets", site.app)])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(serve, site, reading, host="127.0.0.1", port=port, stop=stop)
        url = f"http://127.0.0.1:{port}/lab/tweets/"
        end = time.monotonic() + WITHIN_MS / 1000
        while not is_there(f"{url}healthz"):
            assert time.monotonic() < end, "it does not answer"
            assert not serving.done(), serving.exception()
        try:
            yield url
        finally:
            stop.set()


def is_there(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except urllib.error.URLError:
        return False


@contextmanager
def browsed(url: str, width: int) -> Iterator[Page]:
    """A page, about which the browser has no complaint."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=WITHIN_MS
        )
        page = chromium.new_page(viewport={"width": width, "height": 800})
        page.set_default_timeout(WITHIN_MS)
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        yield page
        chromium.close()
    assert complaints == []


def tell(broker: MemoryBroker) -> None:
    """Two cascades, of which one ends; the other is foretold and announced."""
    poster = broker.post()
    for cascade, count in (("tw1", 60), ("tw2", 30)):
        for number in range(count):
            tweet = Tweet(cascade, 15.0 * number, 5.0, number == 0, f"about {cascade}")
            poster.post(TWEETS, b"s", messages.write_tweet(tweet, "s"))
    for cascade, size in (("tw1", 120.0), ("tw2", 70.0)):
        told = replace(
            FORETOLD, cascade=cascade, text="", size=size, low=0.8 * size, closed_ms=None
        )
        poster.post(PREDICTIONS, cascade.encode(), reports.write_prediction(told))
    poster.post(ALERTS, b"tw1", reports.write_alert(ALERT))
    ended = Ended(cascade="tw2", windows_s=(600.0,), events=64, end_s=4000.0)
    poster.post(PROPERTIES, window_key(600.0), messages.write_size(ended))
    stat = reports.Stat(
        cascade="tw2", window_s=600.0, error=0.09, error_of_constant=0.4, is_covered=True
    )
    poster.post(STATS, b"tw2", reports.write_stat(stat))


def test_a_page_follows_what_happens_and_answers_what_is_asked() -> None:
    broker = MemoryBroker()
    broker.is_lost = True
    expect.set_options(timeout=WITHIN_MS)
    with served(broker) as url, browsed(url, 390) as page:
        status = page.get_by_role("status")
        expect(status).to_contain_text("Nothing can be read from the broker")
        expect(status).to_contain_text("nobody answers")
        broker.is_lost = False
        expect(status).to_contain_text("there is no topic tweets")
        broker.make(all_topics(2))
        expect(status).to_contain_text("No tweet has come yet")

        tell(broker)
        expect(status).to_contain_text("Live")
        largest = page.get_by_role("region", name="Which will be largest?")
        row = largest.get_by_role("row").filter(has_text="about tw1")
        expect(row).to_contain_text("120")
        expect(row).to_contain_text("60 %")
        chosen = page.locator("#chosen")
        expect(chosen.get_by_role("heading", level=2)).to_have_text("about tw1")
        expect(chosen).to_contain_text("Why 120?")
        expect(chosen.locator("canvas")).to_be_visible()
        expect(page.get_by_role("region", name="What was announced?")).to_contain_text("not yet")
        trust = page.get_by_role("region", name="Can I trust it today?")
        expect(trust).to_contain_text("9 %")
        expect(page.get_by_role("region", name="Does it keep up?")).to_contain_text("collector")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        # Another threshold, without a reload; what is open and has the focus stays as it is.
        page.evaluate("window.isTheSame = true")
        chosen.get_by_text("All its forecasts").click()
        threshold = page.get_by_label("Threshold")
        threshold.fill("45")
        expect(row).to_contain_text("passed")
        expect(page).to_have_url(re.compile(r"\?threshold=45$"))
        expect(threshold).to_be_focused()
        forecasts = chosen.get_by_role("table", name="Forecasts of this cascade")
        expect(forecasts).to_contain_text("10 min")

        # By keyboard: what became of the other one.
        ended = page.get_by_role("region", name="What became of them?")
        ended.get_by_role("link", name="about tw2").focus()
        page.keyboard.press("Enter")
        expect(chosen.get_by_role("heading", level=2)).to_have_text("about tw2")
        expect(chosen).to_contain_text("64")
        expect(ended.get_by_role("link", name="about tw2")).to_be_focused()
        page.get_by_label("Words").fill("nothing of the kind")
        expect(largest).to_contain_text("No cascade under way matches")
        assert page.evaluate("window.isTheSame")

        broker.is_lost = True
        expect(status).to_contain_text("Nothing can be read from the broker")
        expect(chosen).to_contain_text("64")
        broker.is_lost = False
        expect(status).to_contain_text("Live")

        # Whoever comes later, or has no scripts, has the same at once.
        with urllib.request.urlopen(f"{page.url}", timeout=60) as answer:
            assert "about tw2" in answer.read().decode()
            assert "'unsafe" not in answer.headers["content-security-policy"]
        with urllib.request.urlopen(f"{url}metrics", timeout=60) as answer:
            assert b"tweetoscope_info" in answer.read()


def test_what_others_wrote_is_as_they_published_it() -> None:
    vendor = STATIC / "vendor"
    listed = re.findall(r"^([0-9a-f]{64})  (\S+)$", (vendor / "vendor.md").read_text(), re.M)
    found = {
        str(file.relative_to(vendor)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in vendor.rglob("*")
        if file.is_file() and file.parent != vendor
    }
    assert {name: total for total, name in listed} == found


@pytest.mark.parametrize("file", ["templates/page.html", "static/dashboard.css"])
def test_nothing_is_asked_of_others_or_of_the_root(file: str) -> None:
    text = (STATIC.parent / file).read_text()
    assert not re.search(r"""(?:src|href|action)=["']?/|https?://|url\(""", text)
