"""Use cases about saved configurations: forms filled in by a user, kept under names of theirs.

They are the user's own: nobody else reads them, and what is done with one is what its user may do.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ripieno.control.errors import Conflict, InvalidRequest, NotFound
from ripieno.store.records import SavedRecord
from ripieno.store.store import Store

MOST_SAVED = 50
"""How many a user may have of one application."""

LONGEST_NAME = 60
MOST_SETTINGS = 500
MOST_TEXT = 64 * 1024
"""How many characters all settings may have together."""


class Saving:
    """The part of the use cases that keeps what users have filled in."""

    _store: Store

    async def saved_configurations(self, application: str, *, caller: str) -> Sequence[SavedRecord]:
        """What the caller has saved of an application, by name."""
        return await self._store.saved_configurations(caller, application)

    async def saved_configuration(self, application: str, name: str, *, caller: str) -> SavedRecord:
        """One of those. Raises: `NotFound`."""
        for each in await self._store.saved_configurations(caller, application):
            if each.name == name:
                return each
        raise NotFound(f"{caller} has saved no configuration {name!r} of {application}")

    async def save_configuration(
        self,
        application: str,
        name: str,
        *,
        version: str | None,
        configuration: str,
        settings: Mapping[str, str],
        caller: str,
    ) -> SavedRecord:
        """Keep one, in the place of what had its name. Raises: `InvalidRequest`, `Conflict`."""
        name = name.strip()
        if not 0 < len(name) <= LONGEST_NAME or "/" in name or not name.isprintable():
            raise InvalidRequest(
                f"a saved configuration has a name of up to {LONGEST_NAME} characters on one line, "
                "without a slash"
            )
        size = sum(len(key) + len(text) for key, text in settings.items())
        if len(settings) > MOST_SETTINGS or size > MOST_TEXT:
            raise InvalidRequest(
                f"{name} is too large to be saved: up to {MOST_SETTINGS} parameters and "
                f"{MOST_TEXT} characters are kept"
            )
        there = {each.name for each in await self._store.saved_configurations(caller, application)}
        if name not in there and len(there) >= MOST_SAVED:
            raise Conflict(
                f"{caller} has saved {MOST_SAVED} configurations of {application} already; remove "
                "one of them first"
            )
        saved = SavedRecord(
            user=caller,
            application=application,
            name=name,
            version=version,
            configuration=configuration,
            settings=dict(settings),
            saved_at=datetime.now(UTC),
        )
        await self._store.save_configuration(saved)
        return saved

    async def remove_saved_configuration(self, application: str, name: str, *, caller: str) -> None:
        """Forget one. Raises: `NotFound`."""
        if not await self._store.remove_saved_configuration(caller, application, name):
            raise NotFound(f"{caller} has saved no configuration {name!r} of {application}")
