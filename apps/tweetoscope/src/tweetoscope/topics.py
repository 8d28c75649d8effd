"""The topics that the services talk through, and how they are partitioned.

Partitioned the same are a service's input and its changelog; what is keyed by the observation
window has few keys, the rest spreads over all partitions.
"""

from tweetoscope.broker import Topic, changelog
from tweetoscope.processing import DEAD_LETTERS

TWEETS = "tweets"
SERIES = "cascade_series"
PROPERTIES = "cascade_properties"
SAMPLES = "samples"
MODELS = "models"
PREDICTIONS = "predictions"
ALERTS = "alerts"
STATS = "stats"
LOGS = "logs"

COLLECTOR = "collector"
ESTIMATOR = "estimator"
PREDICTOR = "predictor"
LEARNER = "learner"
LOGGER = "logger"
GENERATOR = "generator"
DASHBOARD = "dashboard"
NOTIFIER = "notifier"
INPUTS = {COLLECTOR: TWEETS, ESTIMATOR: SERIES, PREDICTOR: PROPERTIES, LEARNER: SAMPLES}
"""What the services with state read."""
OUTPUTS = {
    GENERATOR: [TWEETS],
    COLLECTOR: [SERIES, PROPERTIES, DEAD_LETTERS],
    ESTIMATOR: [PROPERTIES, DEAD_LETTERS],
    PREDICTOR: [SAMPLES, PREDICTIONS, ALERTS, STATS, DEAD_LETTERS],
    LEARNER: [MODELS, DEAD_LETTERS],
    NOTIFIER: [DEAD_LETTERS],
}
"""What tasks write to, their own state aside."""


def all_topics(partitions: int) -> list[Topic]:
    """Everything to be made before the services start."""
    streams = [TWEETS, SERIES, PROPERTIES, SAMPLES, PREDICTIONS, ALERTS, STATS]
    return [
        *[Topic(name=name, partitions=partitions) for name in streams],
        *[
            Topic(name=changelog(group), partitions=partitions, is_compacted=True)
            for group in (*INPUTS, NOTIFIER)
        ],
        *[Topic(name=changelog(name), is_compacted=True) for name in (GENERATOR, LOGGER)],
        Topic(name=MODELS, is_compacted=True),
        Topic(name=LOGS),
        Topic(name=DEAD_LETTERS),
    ]


def window_key(window_s: float) -> bytes:
    """The key of all that is told of an observation window: its seconds."""
    return f"{window_s:.10g}".encode()
