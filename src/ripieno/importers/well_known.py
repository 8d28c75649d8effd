"""What ports are called when nobody has named them."""

from collections.abc import Iterable

from ripieno.importers import draft

HTTP = "http"

NAMES = {
    **dict.fromkeys((80, 3000, 4200, 5000, 5173, 7860, 8000, 8080, 8081, 8501, 8787, 8888), HTTP),
    **dict.fromkeys((443, 8443), "https"),
    1433: "mssql",
    1883: "mqtt",
    2181: "zookeeper",
    3306: "mysql",
    4222: "nats",
    5432: "postgresql",
    5672: "amqp",
    6379: "redis",
    9000: "s3",
    9042: "cassandra",
    9090: "prometheus",
    9092: "kafka",
    9200: "elasticsearch",
    11211: "memcached",
    27017: "mongodb",
}
"""Names that are interfaces, too: what is provided at such a port."""


def names(numbers: Iterable[int], given: dict[str, int] | None = None) -> dict[str, int]:
    """Ports by name; those that are `given` keep theirs."""
    found = dict(given or {})
    for number in numbers:
        if number not in found.values():
            wanted = NAMES.get(number, f"port-{number}")
            found[draft.unique(wanted, found)] = number
    return found


def is_web(name: str) -> bool:
    """Whether a browser is what a port is for, by its name."""
    return name.startswith((HTTP, "web", "ui"))
