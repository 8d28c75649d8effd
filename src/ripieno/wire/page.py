"""A part of a list, and how to ask for the next one."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field

from ripieno.wire.base import MOST_PAGE, Cursor, Request, Response

Item = TypeVar("Item")


class Page(Response, Generic[Item]):
    """Some items in order; `next` is what `after` has to be for those that follow."""

    items: list[Item]
    next: str | None = Field(description="`after` of the next page; null: this is the last page")


class PageQuery(Request):
    """Which part of a list is wanted."""

    after: Cursor | None = Field(default=None, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=MOST_PAGE)] = 100
