"""What a visitor has saved of a form: theirs alone, opened by a link, replaced, forgotten."""

import pytest

from ripieno.control.saved import LONGEST_NAME, MOST_SAVED
from ripieno.model.access import Caller
from tests.fake_control import FakeControl
from tests.ui_rig import ALICE, PAULA, PAYLOADS, VIEWER, Pages, intruders, register, words

DOCUMENT = """
name: viewer
version: 1.0.0
parameters:
  properties:
    subject: {type: string, default: ""}
    size: {type: integer, default: 3, minimum: 1}
configurations:
  large: {parameters: {size: 9}}
components:
  web: {type: service, command: [run]}
"""


def registry() -> FakeControl:
    control = FakeControl()
    register(control, DOCUMENT)
    return control


async def save(pages: Pages, label: str, **fields: str) -> int:
    answer = await pages.post(
        "/applications/viewer/saved",
        {"label": label, "set.subject": "", "set.size": "3", **fields},
        htmx=True,
    )
    return answer.status_code


async def test_what_is_saved_says_what_the_form_says_and_no_more() -> None:
    control = registry()
    fields = {"set.subject": "sub 1", "configuration": "large", "set.size": "9"}
    assert await save(Pages(control), " Été 1 ", **fields) == 200
    (saved,) = await control.saved_configurations("viewer", caller="alice")
    assert (saved.name, saved.configuration, saved.version) == ("Été 1", "large", None)
    assert saved.settings == {"subject": "sub 1"}


async def test_its_link_leads_to_the_form_filled_in_for_everybody() -> None:
    control = registry()
    await save(Pages(control), "My <b>usual", **{"set.subject": "sub 1"})
    page = await Pages(control).get("/applications/viewer")
    assert 'href="/applications/viewer/saved/My%20%3Cb%3Eusual"' in page.text
    answer = await Pages(control).get("/applications/viewer/saved/My%20%3Cb%3Eusual")
    assert answer.status_code == 303
    shown = await Pages(control, PAULA).get(answer.headers["location"])
    assert 'value="sub 1"' in shown.text


async def test_it_is_its_users_alone() -> None:
    control = registry()
    await save(Pages(control), "mine")
    stranger = Pages(control, PAULA)
    assert "mine" not in words((await stranger.get("/applications/viewer")).text)
    assert (await stranger.get("/applications/viewer/saved/mine")).status_code == 404
    assert (await stranger.post("/applications/viewer/saved/mine/remove")).status_code == 404
    assert await control.saved_configurations("viewer", caller="alice")


async def test_it_is_replaced_by_its_name_and_forgotten() -> None:
    control = registry()
    pages = Pages(control)
    await save(pages, "mine", **{"set.subject": "old"})
    await save(pages, "mine", **{"set.subject": "new"})
    (saved,) = await control.saved_configurations("viewer", caller="alice")
    assert saved.settings == {"subject": "new"}
    part = await pages.post("/applications/viewer/saved/mine/remove", htmx=True)
    assert "mine" not in words(part.text)
    assert await control.saved_configurations("viewer", caller="alice") == []


@pytest.mark.parametrize("name", ["", "  ", "a/b", "two\nlines", "x" * (LONGEST_NAME + 1)])
async def test_a_name_is_one_line_without_a_slash(name: str) -> None:
    assert await save(Pages(registry()), name) == 422


async def test_nobody_saves_without_end() -> None:
    control = registry()
    pages = Pages(control)
    for number in range(MOST_SAVED):
        await control.save_configuration(
            "viewer", f"{number}", version=None, configuration="", settings={}, caller="alice"
        )
    assert await save(pages, "one more") == 409
    assert await save(pages, "7") == 200


@pytest.mark.parametrize(("caller", "may"), [(VIEWER, False), (ALICE, True)])
async def test_whoever_deploys_nothing_saves_nothing(caller: Caller, may: bool) -> None:
    pages = Pages(registry(), caller)
    assert (await save(pages, "mine") == 200) == may
    page = (await pages.get("/applications/viewer")).text
    assert ("data-saves" in page) == may


async def test_no_name_runs() -> None:
    control = registry()
    pages = Pages(control)
    for payload in PAYLOADS:
        await save(pages, payload.replace("/", "")[:LONGEST_NAME])
    page = await pages.get("/applications/viewer")
    assert intruders(page.text) == []
    assert "onerror" in page.text
