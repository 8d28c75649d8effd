"""Descriptions in Markdown, which strangers wrote, as HTML that can do no harm."""

import functools
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

MOST_CHARACTERS = 100_000
"""More than this is not shown: a document may be long, a description is read by people."""

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "img", "li",
    "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SHIFT = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
"""The page has its own title and headings; those of a description go below them."""


@functools.lru_cache(maxsize=256)
def to_html(text: str) -> Markup:
    """The HTML of a description. No scripts, styles, forms or frames; images over https only."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"])
    tokens = parser.parse(text[:MOST_CHARACTERS])
    for token in tokens:
        token.tag = _SHIFT.get(token.tag, token.tag)
    made = parser.renderer.render(tokens, parser.options, {})
    # The parser lets through no HTML; this is the second wall, and the one that is relied on.
    clean = nh3.clean(
        made,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        attribute_filter=_filter,
    )
    return Markup(clean)  # sanitised above


def is_web_address(text: str) -> bool:
    """Whether a text from outside may be the target of a link."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _filter(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("img", "src") and not value.startswith("https://"):
        return None
    if (tag, attribute) == ("a", "href") and not (
        is_web_address(value) or value.startswith("mailto:")
    ):
        return None
    return value
