"""What a registry asks for before it lets read: the `WWW-Authenticate` header, taken apart."""

import re
from dataclasses import dataclass

_SCHEME = re.compile(r"\s*,?\s*(?P<scheme>[A-Za-z0-9-]+)(?:\s+|$)")
_PAIR = re.compile(
    r"\s*,?\s*(?P<name>[A-Za-z0-9_-]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s,\"]+))"
)
MOST_HEADER = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """A token is wanted, which is to be had at `realm`."""

    realm: str
    service: str = ""
    scope: str = ""


def bearer(header: str) -> Bearer | None:
    """The first challenge for a token among those of a header; None if there is none."""
    text, position = header[:MOST_HEADER], 0
    while match := _SCHEME.match(text, position):
        position = match.end()
        fields: dict[str, str] = {}
        while pair := _PAIR.match(text, position):
            value = pair["bare"] if pair["quoted"] is None else pair["quoted"]
            fields.setdefault(pair["name"].lower(), re.sub(r"\\(.)", r"\1", value))
            position = pair.end()
        if match["scheme"].lower() == "bearer" and fields.get("realm"):
            return Bearer(
                realm=fields["realm"],
                service=fields.get("service", ""),
                scope=fields.get("scope", ""),
            )
    return None
