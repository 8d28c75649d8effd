"""The pages about deployments, without a browser: what they say, offer and send on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from ripieno.control.views import (
    AssemblyView,
    ComponentUsage,
    ComponentView,
    DeploymentState,
    ForecastSpan,
    LogLine,
    MetricsView,
    ReconfigurationKind,
    ReconfigurationState,
    ReplicaUsage,
    Span,
    Standing,
    Touch,
)
from ripieno.model.access import Caller
from ripieno.model.component_type import ComponentType, Transition
from tests.fake_control import NOW, WEB, FakeControl
from tests.serving import serving
from tests.ui_rig import ADMIN, ALICE, PAYLOADS, VIEWER, Pages, app_for, intruders, words

PATIENCE_S = 60.0
LIFE = ComponentType(
    name="service",
    initial="absent",
    places=("ready", "absent", "prepared"),
    transitions=(
        Transition(name="prepare", source="absent", target="prepared", behaviour="deploy"),
        Transition(name="start", source="prepared", target="ready", behaviour="deploy"),
    ),
)
FAILED = replace(
    WEB,
    name="store",
    status="failed",
    places=("prepared",),
    transitions=("start",),
    failure="store.start: it ended with exit code 3",
    addresses={},
)


def standing(component: ComponentView, **changed: object) -> Standing:
    made = Standing(
        name=component.name,
        type="service",
        kind=component.kind,
        status=component.status,
        places=component.places,
        target=component.target,
        docked=(),
        running=(),
        failed=(),
        arrived=(),
        active_ports=(),
        waiting_for=None,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


async def shop(control: FakeControl, *components: ComponentView, **changed: object) -> None:
    """A deployment with these components."""
    await control.deploy_hello("shop")
    chosen = components or (WEB,)
    view = replace(control.names["shop"], components=chosen, **changed)  # type: ignore[arg-type]
    control.names["shop"] = view
    control.graph = AssemblyView(
        types={"service": LIFE},
        components=tuple(standing(each) for each in chosen),
        connections=(),
    )


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def pages(control: FakeControl) -> Pages:
    return Pages(control)


@asynccontextmanager
async def listening(
    control: FakeControl, address: str, caller: Caller = ALICE
) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
    """The messages of a stream: event and data."""
    app = app_for(control, caller)
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
        async with http.stream("GET", address) as response:
            assert response.headers["content-type"].startswith("text/event-stream")

            async def messages() -> AsyncIterator[tuple[str, str]]:
                event, data = "", []
                async for line in response.aiter_lines():
                    if line.startswith("event: "):
                        event = line[7:]
                    elif line.startswith("data: "):
                        data.append(line[6:])
                    elif not line and event:
                        yield event, "\n".join(data)
                        event, data = "", []

            yield messages()
        app.state.site.close()


async def following(
    messages: AsyncIterator[tuple[str, str]], event: str, containing: str = ""
) -> str:
    """The data of the next message of a kind in which a text occurs."""
    async with asyncio.timeout(PATIENCE_S):
        async for name, data in messages:
            if name == event and containing in data:
                return data
    raise AssertionError(f"no {event} with {containing}")


async def test_an_empty_list_leads_to_the_catalogue(pages: Pages) -> None:
    page = await pages.get("/deployments")
    assert "Nothing is deployed yet" in words(page.text)
    assert "Nothing fits" in words((await pages.get("/deployments?q=x")).text)


async def test_the_list_says_how_each_is_why_and_what_to_do(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control, FAILED, state=DeploymentState.FAILED)
    told = words((await pages.get("/deployments")).text)
    for part in ("shop", "failed", "store has failed", "then retry, skip or abandon", "64 MiB"):
        assert part in told


async def test_the_list_counts_what_is_up_unless_nothing_is_to_be(
    control: FakeControl, pages: Pages
) -> None:
    resting = replace(WEB, places=("prepared",), target=("prepared",))
    await shop(control, WEB, resting)
    assert "running 1/2" in words((await pages.get("/deployments")).text)
    control.names["shop"] = replace(control.names["shop"], state=DeploymentState.STOPPED)
    told = words((await pages.get("/deployments")).text)
    assert "stopped" in told and "/2" not in told


async def test_the_list_is_searched_and_narrowed_to_ones_own(
    control: FakeControl, pages: Pages
) -> None:
    await control.deploy_hello("shop")
    control.names["brain"] = replace(control.names["shop"], id="d-9", name="brain")
    part = await pages.part("/deployments?q=BRA")
    assert "brain" in part.text and "shop" not in part.text and "<html" not in part.text
    everything = Pages(control, ADMIN)
    assert "brain" in (await everything.get("/deployments?owner=alice")).text
    assert "brain" not in (await everything.get("/deployments?owner=me")).text


async def test_who_may_not_change_is_offered_nothing_to_change(control: FakeControl) -> None:
    await shop(control)
    control.names["shop"] = replace(control.names["shop"], readers=("everyone",))
    page = await Pages(control, VIEWER).get("/deployments")
    assert "shop" in page.text and 'value="stop"' not in page.text
    hers = await Pages(control).get("/deployments")
    assert 'value="stop"' in hers.text and 'data-removes="shop"' in hers.text


@pytest.mark.parametrize("kind", ["start", "stop", "restart"])
async def test_buttons_ask_for_changes(control: FakeControl, pages: Pages, kind: str) -> None:
    await shop(control)
    answer = await pages.post(
        "/deployments/shop/actions", {"kind": kind, "component": "web"}, htmx=True
    )
    assert answer.status_code == 204 and "shop is being" in answer.headers["hx-trigger"]
    assert (control.changes[-1].kind, control.changes[-1].components) == (kind, ("web",))
    plain = await pages.post("/deployments/shop/actions", {"kind": kind})
    assert plain.headers["location"] == "/deployments/shop"


async def test_scaling_takes_whole_numbers(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    await pages.post("/deployments/shop/actions", {"kind": "scale", "replicas.web": "3"})
    assert control.changes[-1].replicas == {"web": 3}
    wrong = await pages.post("/deployments/shop/actions", {"kind": "scale", "replicas.web": "-3"})
    assert wrong.status_code == 422 or wrong.status_code == 400
    assert len(control.changes) == 1


async def test_a_removed_deployment_leads_back_to_the_list(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control)
    gone = await pages.post("/deployments/shop/actions", {"kind": "remove"}, htmx=True)
    assert gone.headers["hx-redirect"] == "/deployments"
    assert control.changes[-1].kind is ReconfigurationKind.REMOVE


async def test_what_cannot_be_asked_for_is_refused(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    for address, fields in (
        ("/deployments/shop/actions", {"kind": "rollback"}),
        ("/deployments/shop/actions", {}),
        ("/deployments/shop/reconfigurations/r-1/explode", {}),
        ("/deployments/shop/components/web/transitions/start/explode", {}),
    ):
        assert (await pages.post(address, fields)).status_code >= 400
    assert not control.changes


async def test_a_change_is_paused_resumed_and_cancelled(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    for verb, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        answer = await pages.post(f"/deployments/shop/reconfigurations/r-1/{verb}", htmx=True)
        assert answer.status_code == 204 and "toast" in answer.headers["hx-trigger"]
        assert control.asked["r-1"].state == state


async def test_the_overview_has_graph_table_and_what_goes_on(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control, reconfiguration="r-1", state=DeploymentState.DEPLOYING)
    page = await pages.get("/deployments/shop")
    told = words(page.text)
    for part in ("deploying", "going on", "of about 3.5 s", "Pause", "web", "1/1", "local"):
        assert part in told
    assert "http://127.0.0.1:8080" in told
    assert 'sse-connect="/deployments/shop/overview/stream"' in page.text


async def test_what_has_failed_can_be_decided(control: FakeControl, pages: Pages) -> None:
    await shop(control, FAILED, WEB)
    page = await pages.get("/deployments/shop")
    assert "store.start: it ended with exit code 3" in words(page.text)
    for decision in ("retry", "skip", "abandon"):
        assert f'hx-post="/deployments/shop/components/store/transitions/start/{decision}"' in (
            page.text
        )
    refused = await pages.post(
        "/deployments/shop/components/store/transitions/start/retry", htmx=True
    )
    assert refused.status_code == 409 and "toast" in refused.headers["hx-trigger"]


async def test_the_last_lines_are_text_and_nothing_else(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    control.print("\x1b[31mred\x1b[0m <b>bold</b> \x1b]0;title\x07end\x00")
    part = await pages.part("/deployments/shop/components/web/tail")
    assert "red &lt;b&gt;bold&lt;/b&gt; end" in part.text and "\x1b" not in part.text


async def test_the_graph_has_places_in_their_order_and_tokens(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control)
    control.graph = AssemblyView(
        types={"service": LIFE},
        components=(standing(WEB, places=(), running=("start",)),),
        connections=(("web.store", "none.sql"),),
    )
    async with listening(control, "/deployments/shop/overview/stream") as messages:
        graph = json.loads(await following(messages, "graph"))
    (web,) = graph["components"]
    assert [each["name"] for each in web["places"]] == ["absent", "prepared", "ready"]
    assert [(each["name"], each["state"]) for each in web["moves"]] == [("start", "running")]
    assert graph["connections"][0]["to"] == ["web", "store"]


async def test_the_stream_sends_what_has_changed(control: FakeControl) -> None:
    await shop(control)
    async with listening(control, "/deployments/shop/overview/stream") as messages:
        assert "ready" in await following(messages, "components")
        view = control.names["shop"]
        control.names["shop"] = replace(view, components=(FAILED,), state=DeploymentState.FAILED)
        control.record("transition.failed", deployment=view.id)
        assert "store has failed" in words(await following(messages, "head", "store has failed"))
        assert "failed in start" in await following(messages, "components", "failed in")


async def test_the_list_is_sent_when_it_is_another(control: FakeControl) -> None:
    await shop(control)
    async with listening(control, "/deployments-stream") as messages:
        assert "shop" in await following(messages, "list")
        await control.deploy_hello("brain")
        assert "brain" in await following(messages, "list", "brain")


async def test_a_stream_ends_for_who_may_look_no_longer(control: FakeControl) -> None:
    await shop(control)
    async with listening(control, "/deployments/shop/overview/stream") as messages:
        await following(messages, "head")
        control.names["shop"] = replace(control.names["shop"], owner="bob")
        control.record("noted", deployment=control.names["shop"].id)
        # Whoever may know of it no longer is told no more than that.
        assert "no longer shared with you" in await following(messages, "head", "shared")
        await following(messages, "gone")


async def test_a_stream_ends_with_what_it_is_about(control: FakeControl) -> None:
    await shop(control)
    async with listening(control, "/deployments/shop/logs/stream") as messages:
        await following(messages, "head")
        control.removed.append(control.names.pop("shop"))
        control.record("noted", deployment=control.removed[0].id)
        assert "was removed" in await following(messages, "head", "removed")
        await following(messages, "gone")


async def test_the_timeline_compares_with_the_prediction(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control)
    control.asked["r-1"] = replace(
        control.asked["r-1"],
        state=ReconfigurationState.COMPLETED,
        ended_at=NOW + timedelta(seconds=4),
        timeline=(
            Span(
                component="web",
                transition="start",
                behaviour="deploy",
                attempt=1,
                state="done",
                start=NOW,
                end=NOW + timedelta(seconds=4),
                cause=None,
            ),
        ),
        forecast=(
            ForecastSpan(
                component="web", transition="start", start_s=0.0, end_s=2.0, is_critical=True
            ),
        ),
        touched=(Touch(component="web", sign="+", why=("it is new",)),),
    )
    page = await pages.get("/deployments/shop/timeline")
    told = words(page.text)
    for part in ("Deployment", "completed", "it is new", "4 s of 3.5 s predicted", "critical"):
        assert part in told
    assert 'width="100.0%"' in page.text and 'width="50.0%"' in page.text
    assert (await pages.get("/deployments/shop/timeline?of=r-9")).status_code == 404


async def test_one_timeline_does_not_show_another_deployments(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control)
    await control.deploy_hello("other")
    assert (await pages.get("/deployments/shop/timeline?of=r-2")).status_code == 404


async def test_logs_are_followed_chosen_and_told_once(control: FakeControl) -> None:
    await shop(control)
    control.print("first")
    async with listening(control, "/deployments/shop/logs/stream?component=web") as messages:
        assert json.loads(await following(messages, "lines")) == [["web", 0, "stdout", 0, "first"]]
        # Another replica comes up: the reading begins anew, and tells no line twice.
        view = control.names["shop"]
        more = replace(WEB, replicas=(*WEB.replicas, replace(WEB.replicas[0], index=1)))
        control.names["shop"] = replace(view, components=(more,))
        control.record("noted", deployment=view.id)
        control.print("<i>second</i>")
        told = json.loads(await following(messages, "lines"))
        assert [each[4] for each in told] == ["<i>second</i>"]


async def test_logs_that_cannot_be_read_say_why(control: FakeControl) -> None:
    await shop(control)
    control.print("first")
    control.fails_at_line = 0
    async with listening(control, "/deployments/shop/logs/stream") as messages:
        problem = json.loads(await following(messages, "lines", "problem"))["problem"]
        assert "node-1" in problem and "does not answer" in problem


async def test_all_lines_are_downloaded_as_text(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    for text in ("one", "<b>two</b>"):
        control.print(text)
    file = await pages.get("/deployments/shop/logs.txt?component=web")
    assert file.text == "web/0 one\nweb/0 <b>two</b>\n"
    assert file.headers["content-type"].startswith("text/plain")
    assert file.headers["content-disposition"] == 'attachment; filename="shop-web-log.txt"'
    assert (await pages.get("/deployments/shop/logs.txt?replica=x")).status_code >= 400


async def test_logs_and_events_are_not_for_those_who_may_only_look(control: FakeControl) -> None:
    await shop(control)
    control.names["shop"] = replace(control.names["shop"], readers=("everyone",))
    pages = Pages(control, VIEWER)
    page = await pages.get("/deployments/shop")
    assert page.status_code == 200
    assert "/deployments/shop/logs" not in page.text and "/shop/events" not in page.text
    for address in ("logs.txt", "components/web/tail", "events"):
        assert (await pages.get(f"/deployments/shop/{address}")).status_code == 403


async def test_samples_are_sent_once_and_the_table_has_the_latest(
    control: FakeControl, pages: Pages
) -> None:
    await shop(control)
    control.used = MetricsView(
        interval_s=5.0,
        components=(
            ComponentUsage(
                component="web",
                at=(1000.0, 1005.0),
                cpus=(None, 0.51234),
                memory_bytes=(1048576.0, 2097152.0),
                requests_per_s=(None, 12.0),
                replicas=(ReplicaUsage(index=0, cpus=0.51234, memory_bytes=2097152, processes=3),),
            ),
        ),
    )
    french = await pages.get("/deployments/shop/metrics", accept_language="fr")
    assert 'data-time="Heure" data-sizes="o Kio Mio' in french.text
    told = words((await pages.get("/deployments/shop/metrics")).text)
    assert "0.51" in told and "2 MiB" in told and "12/s" in told
    async with listening(control, "/deployments/shop/metrics/stream") as messages:
        samples = json.loads(await following(messages, "samples"))
        assert samples["web"]["cpus"] == [None, 0.5123]
        assert samples["web"]["at"] == [1000.0, 1005.0]


async def test_what_was_stopped_on_purpose_is_not_marked_as_ended(
    control: FakeControl, pages: Pages
) -> None:
    ended = (replace(WEB.replicas[0], state="exited", pid=None),)
    stopped = replace(WEB, places=("prepared",), target=("prepared",), replicas=ended)
    await shop(control, stopped, replace(WEB, name="api", replicas=ended))
    page = (await pages.get("/deployments/shop")).text
    assert page.count('class="pip"') == 1 and page.count('class="pip exited"') == 1


async def test_events_are_sentences_the_newest_first(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    id = control.names["shop"].id
    control.record(
        "transition.failed",
        deployment=id,
        component="web",
        data={"transition": "start", "cause": "no <room>"},
    )
    control.record("component.crashed", deployment=id, component="web", data={"cause": "signal 9"})
    told = words((await pages.get("/deployments/shop/events")).text)
    assert told.index("web has crashed.") < told.index("web: start has failed.")
    assert "no &lt;room&gt;" in told
    only = words((await pages.get("/deployments/shop/events?kind=component.crashed")).text)
    assert "web has crashed." in only and "start has failed" not in only
    french = await pages.get("/deployments/shop/events", Accept_Language="fr")
    assert "web : start a échoué." in words(french.text)


async def test_older_events_are_a_page_further(control: FakeControl, pages: Pages) -> None:
    await shop(control)
    id = control.names["shop"].id
    control.record("component.note", deployment=id, component="old", data={"text": "the first"})
    for _ in range(3):
        control.record("noted", count=600)  # of nobody
        control.record("component.note", deployment=id, component="web", count=60)
    page = await pages.get("/deployments/shop/events")
    assert page.text.count("<li class=") == 100 and "the first" not in page.text
    (older,) = {
        part.partition('"')[0]
        for part in page.text.split('href="')
        if "before=" in part.partition('"')[0]
    }
    further = await pages.get(older.replace("&amp;", "&"))
    assert "the first" in further.text and "Back to the latest events" in further.text


async def test_new_events_are_sent_as_they_happen(control: FakeControl) -> None:
    await shop(control)
    id = control.names["shop"].id
    last = len(control.records)
    async with listening(control, f"/deployments/shop/events/stream?last={last}") as messages:
        await following(messages, "head")
        control.record("component.crashed", deployment=id, component="web")
        assert "web has crashed." in await following(messages, "events")


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_no_text_of_a_deployment_runs(control: FakeControl, payload: str) -> None:
    hostile = replace(
        FAILED,
        name=payload,
        kind=payload,
        failure=payload,
        waiting_for=payload,
        places=(payload,),
        transitions=(payload,),
        host=payload,
        addresses={payload: payload},
        lost=(payload,),
    )
    await shop(
        control,
        hostile,
        reason=payload,
        application=payload,
        version=payload,
        owner="alice",
        connections=((payload, payload),),
        reconfiguration="r-1",
    )
    control.graph = AssemblyView(
        types={"service": LIFE},
        components=(standing(hostile),),
        connections=((f"{payload}.a", f"{payload}.b"),),
    )
    span = Span(
        component=payload,
        transition=payload,
        behaviour=payload,
        attempt=2,
        state="failed",
        start=NOW,
        end=None,
        cause=payload,
    )
    control.asked["r-1"] = replace(
        control.asked["r-1"],
        reason=payload,
        requested_by=payload,
        timeline=(span,),
        forecast=(ForecastSpan(component=payload, transition=payload, start_s=0, end_s=1),),
        touched=(Touch(component=payload, sign=payload, why=(payload,)),),
    )
    control.used = MetricsView(
        interval_s=5.0,
        components=(
            ComponentUsage(
                component=payload,
                at=(1.0,),
                cpus=(1.0,),
                memory_bytes=(1.0,),
                requests_per_s=(1.0,),
            ),
        ),
    )
    control.lines.append(
        LogLine(component="web", replica=0, stream="stdout", offset=0, text=payload)
    )
    id = control.names["shop"].id
    for kind in ("transition.failed", payload):
        control.record(
            kind, deployment=id, component=payload, data={"cause": payload, payload: payload}
        )
    pages = Pages(control)
    for address in (
        "/deployments",
        "/deployments/shop",
        "/deployments/shop/timeline",
        "/deployments/shop/logs",
        "/deployments/shop/metrics",
        "/deployments/shop/events",
        "/deployments/shop/components/web/tail",
    ):
        page = await pages.get(address)
        assert page.status_code == 200, address
        assert not intruders(page.text), address
    for name in ("q", "owner", "component", "kind", "of", "after", "replica"):
        for path in ("", "/shop/timeline", "/shop/logs", "/shop/events"):
            asked = await pages.client.get(f"/deployments{path}", params={name: payload})
            assert not intruders(asked.text), (name, path)
