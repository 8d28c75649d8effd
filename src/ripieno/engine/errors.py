"""What the engine refuses: events that are not legal as things stand. Nothing has changed then."""

from ripieno.model.errors import RipienoError


class EngineError(RipienoError):
    """An event cannot be applied; the state is what it was before."""


class IllegalEvent(EngineError):
    """An event is about something that is not so, told with the story of the component."""

    def __init__(self, message: str, story: tuple[str, ...] = ()) -> None:
        self.story = story
        told = "".join(f"\n  {line}" for line in story)
        super().__init__(f"{message}{told and f'; the story so far:{told}'}")
