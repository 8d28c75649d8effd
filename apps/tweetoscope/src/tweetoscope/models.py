"""The newest model of each window, as the topic `models` brings them."""

import json

from tweetoscope.broker import Record
from tweetoscope.errors import BadMessage, BadModel
from tweetoscope.learning import Model


class Models:
    """Follows the topic. A window without a model has one that was taught nothing."""

    def __init__(self) -> None:
        self._models: dict[float, Model] = {}

    def learn(self, record: Record) -> None:
        """Take in a model, from a message that may be anything. Raises: BadMessage."""
        try:
            said = json.loads(record.value or b"")
            if not isinstance(said, dict):
                raise BadMessage("a model is an object")
            model = Model.from_json(said)
        except (BadModel, ValueError, RecursionError) as error:
            raise BadMessage(f"it is no model: {error}") from error
        self._models[model.window_s] = model

    def of(self, window_s: float) -> Model:
        """The one to use now."""
        if (found := self._models.get(window_s)) is None:
            found = self._models[window_s] = Model.untaught(window_s)
        return found
