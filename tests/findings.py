"""What importers tell, taken apart as pages take it apart to say it in another language."""

from collections.abc import Iterator

from ripieno.ui import sayings


def unsaid(text: str) -> Iterator[str]:
    """The pieces of a finding that a French page would show in English.

    A piece without a space is a name, which is the same in every language.
    """
    if sayings.saying(text, sayings.OF_IMPORTS) is not None:
        return
    for mark in ("; ", ": "):
        first, found, rest = text.partition(mark)
        if found:
            yield from unsaid(first)
            yield from unsaid(rest)
            return
    if " " in text.strip():
        yield text
