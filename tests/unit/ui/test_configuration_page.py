"""The configuration of a deployment: forms that are looked at as plans before they are applied."""

from dataclasses import replace

import pytest

from ripieno.control.requests import OnFailure
from ripieno.control.views import ReconfigurationKind, ReconfigurationState
from tests.fake_control import WEB, FakeControl
from tests.ui_rig import ADMIN, PAYLOADS, Pages, intruders, register, words

DOCUMENT = """name: shop
version: 1.0.0
parameters:
  type: object
  properties:
    words: {type: string, default: hello}
    size: {type: integer, minimum: 1, maximum: 10, default: 3}
components:
  web: {type: service, command: [sleep, "1000"]}
"""
NEXT = DOCUMENT.replace("1.0.0", "2.0.0").replace("    words: {type: string, default: hello}\n", "")
AT = "/deployments/shop/configuration"


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
async def pages(control: FakeControl) -> Pages:
    await control.deploy_hello("shop")
    control.names["shop"] = replace(
        control.names["shop"],
        application="shop",
        document=DOCUMENT,
        parameters={"words": "hi", "size": 4},
    )
    return Pages(control)


def asked(what: str, **fields: str) -> dict[str, str]:
    return {
        "what": what,
        "revision": "1",
        **{name.replace("__", "."): v for name, v in fields.items()},
    }


async def test_the_forms_show_how_it_is_now(pages: Pages) -> None:
    page = await pages.get(AT)
    assert 'value="hi"' in page.text and 'value="4"' in page.text
    assert 'name="replicas.web" value="1"' in page.text
    assert 'name="revision" value="1"' in page.text
    assert "Nothing changes yet" in words(page.text)


async def test_the_document_is_for_those_who_may_send_one(
    control: FakeControl, pages: Pages
) -> None:
    assert 'name="document"' not in (await pages.get(AT)).text
    assert 'name="document"' in (await Pages(control, ADMIN).get(AT)).text


async def test_a_plan_is_shown_before_anything_happens(control: FakeControl, pages: Pages) -> None:
    part = await pages.post(f"{AT}/preview", asked("parameters", set__words="ciao"), htmx=True)
    told = words(part.text)
    assert "no process is touched" in told and "nothing to do" in told and "Apply" in told
    assert "<html" not in part.text and not control.changes
    whole = await pages.post(f"{AT}/preview", asked("parameters", set__words="ciao"))
    assert 'value="ciao"' in whole.text and "Apply" in words(whole.text)


async def test_only_what_is_different_is_applied(control: FakeControl, pages: Pages) -> None:
    fields = asked("parameters", set__words="ciao", set__size="4", on_failure="keep")
    answer = await pages.post(f"{AT}/apply", fields, htmx=True)
    assert answer.headers["hx-redirect"] == "/deployments/shop/timeline?of=r-2"
    (change,) = control.changes
    assert change.kind is ReconfigurationKind.APPLY
    assert change.source is not None and change.source.settings == {"words": "ciao"}
    assert change.source.document is None and not change.queues
    assert change.on_failure is OnFailure.KEEP


@pytest.mark.parametrize(
    "fields",
    [
        asked("parameters", set__words="hi", set__size="4"),
        asked("replicas", replicas__web="1"),
        asked("version", version="1.0.0"),
    ],
)
async def test_what_is_no_change_is_not_applied(
    control: FakeControl, pages: Pages, fields: dict[str, str]
) -> None:
    for verb in ("preview", "apply"):
        answer = await pages.post(f"{AT}/{verb}", fields, htmx=True)
        assert answer.status_code == 422
        assert "Nothing of it is different" in words(answer.text)
    assert not control.changes


async def test_a_field_with_a_wrong_value_says_so(control: FakeControl, pages: Pages) -> None:
    answer = await pages.post(f"{AT}/apply", asked("parameters", set__size="99"), htmx=True)
    assert answer.status_code == 422
    assert "whole number from 1 to 10" in words(answer.text)
    assert 'hx-swap-oob="true"' in answer.text and not control.changes


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    control: FakeControl, pages: Pages
) -> None:
    control.names["shop"] = replace(control.names["shop"], revision=7)
    answer = await pages.post(f"{AT}/apply", asked("parameters", set__words="ciao"), htmx=True)
    assert answer.status_code == 422
    assert "Somebody changed it" in words(answer.text) and "hx-redirect" not in answer.headers


async def test_replicas_are_scaled(control: FakeControl, pages: Pages) -> None:
    fields = asked("replicas", replicas__web="5", queues="yes")
    await pages.post(f"{AT}/apply", fields, htmx=True)
    (change,) = control.changes
    assert (change.kind, change.replicas, change.queues) == ("scale", {"web": 5}, True)
    wrong = await pages.post(f"{AT}/apply", asked("replicas", replicas__web="x"), htmx=True)
    assert wrong.status_code >= 400 and len(control.changes) == 1


async def test_another_version_keeps_the_parameters_that_it_knows(
    control: FakeControl, pages: Pages
) -> None:
    register(control, NEXT)
    assert "<option>2.0.0" in (await pages.get(AT)).text
    await pages.post(f"{AT}/apply", asked("version", version="2.0.0"), htmx=True)
    (change,) = control.changes
    assert change.source is not None
    assert (change.source.application, change.source.version) == ("shop", "2.0.0")
    assert change.source.parameters == {"size": 4}
    none = await pages.post(f"{AT}/preview", asked("version", version="9.9.9"), htmx=True)
    assert none.status_code == 422 and "no version 9.9.9" in words(none.text)


CONFIGURED = """configurations:
  large: {title: Large, parameters: {size: 9, words: many}}
  small: {parameters: {size: 1}}
"""


@pytest.fixture
def configured(control: FakeControl, pages: Pages) -> Pages:
    """The deployment with the configuration `large`, of which `words` was set otherwise."""
    control.names["shop"] = replace(
        control.names["shop"],
        document=DOCUMENT + CONFIGURED,
        configuration="large",
        parameters={"words": "hi"},
    )
    return pages


async def test_what_a_configuration_sets_is_how_it_is_now(
    control: FakeControl, configured: Pages
) -> None:
    page = await configured.get(AT)
    assert 'value="hi"' in page.text and 'value="9"' in page.text
    assert '<option value="large" selected>Large' in page.text
    assert "<code>large</code>" in (await configured.get("/deployments/shop")).text
    fields = asked("parameters", set__words="hi", set__size="3")
    await configured.post(f"{AT}/apply", fields, htmx=True)
    source = control.changes[-1].source
    assert source is not None and source.settings == {"size": "3"}, "back to the default"


async def test_another_configuration_is_taken(control: FakeControl, configured: Pages) -> None:
    same = await configured.post(f"{AT}/preview", asked("configuration", configuration="large"))
    assert same.status_code == 422 and "Nothing of it is different" in words(same.text)
    for name in ("small", ""):
        fields = asked("configuration", configuration=name)
        await configured.post(f"{AT}/apply", fields, htmx=True)
        source = control.changes[-1].source
        assert source is not None and source.configuration == name and not source.parameters


async def test_another_version_keeps_the_configuration_that_it_knows(
    control: FakeControl, configured: Pages
) -> None:
    register(control, NEXT + CONFIGURED.replace(", words: many", ""))
    register(control, NEXT.replace("2.0.0", "3.0.0"))
    for version, kept in (("2.0.0", "large"), ("3.0.0", "")):
        await configured.post(f"{AT}/apply", asked("version", version=version), htmx=True)
        source = control.changes[-1].source
        assert source is not None and source.configuration == kept


async def test_a_document_that_is_none_says_where(control: FakeControl, pages: Pages) -> None:
    everything = Pages(control, ADMIN)
    bad = await everything.post(f"{AT}/preview", asked("document", document="name: [\n"), htmx=True)
    assert bad.status_code == 422 and "line" in words(bad.text)
    await everything.post(f"{AT}/apply", asked("document", document=NEXT), htmx=True)
    source = control.changes[-1].source
    assert source is not None and source.document == NEXT and source.parameters == {"size": 4}
    refused = await pages.post(f"{AT}/apply", asked("document", document=NEXT))
    assert refused.status_code == 403 and len(control.changes) == 1


async def test_one_goes_back_to_how_it_was(control: FakeControl, pages: Pages) -> None:
    control.asked["r-1"] = replace(control.asked["r-1"], state=ReconfigurationState.COMPLETED)
    await pages.post(f"{AT}/apply", asked("replicas", replicas__web="5"))
    control.asked = dict(reversed(control.asked.items()))  # the newest first
    assert 'name="to" value="r-1"' in (await pages.get(AT)).text
    await pages.post(f"{AT}/apply", {**asked("past", to="r-1"), "revision": "2"}, htmx=True)
    assert control.changes[-1].returns_to == "r-1"


async def test_a_form_that_is_none_of_ours_is_refused(control: FakeControl, pages: Pages) -> None:
    assert (await pages.post(f"{AT}/preview", {"what": "everything"})).status_code >= 400
    assert not control.changes


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_nothing_that_is_sent_runs(control: FakeControl, pages: Pages, payload: str) -> None:
    control.names["shop"] = replace(
        control.names["shop"],
        parameters={"words": payload},
        components=(replace(WEB, name=payload),),
        version=payload,
    )
    everything = Pages(control, ADMIN)
    assert not intruders((await everything.get(AT)).text)
    for fields in (
        asked("parameters", set__words=payload + "x", set__size=payload),
        asked("version", version=payload + "x"),
        asked("document", document=payload),
        asked("past", to=payload),
        asked(payload),
    ):
        for htmx in (True, False):
            answer = await everything.post(f"{AT}/preview", fields, htmx=htmx)
            assert not intruders(answer.text)
