"""Pages of a list: `{"items": [...], "page": 1, "page_size": 50, "total": 117}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from psycopg import sql
from pydantic import BaseModel

from reference.pool import Rows

_LAST_PAGE = 1_000_000  # far beyond any list, and small enough for PostgreSQL to multiply
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """`total` counts all items of the list, not those of the page."""

    items: list[Item]
    page: int
    page_size: int
    total: int


@dataclass(frozen=True)
class Place:
    """The part of a list that is requested."""

    page: int
    page_size: int


def _place(
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Place:
    return Place(page, page_size)


WantedPlace = Annotated[Place, Depends(_place)]


def select(
    connection: Rows,
    columns: str,
    source: sql.Composable,
    order: str,
    values: Sequence[Any],
    place: Place,
) -> dict[str, Any]:
    """Return one page of `SELECT columns <source> ORDER BY order`.

    `source` begins with FROM and holds as many %s as there are `values`.
    """
    counted = connection.execute(sql.SQL("SELECT count(*) AS total ") + source, values).fetchone()
    assert counted is not None  # A count always has its row.
    page = sql.SQL("SELECT {} {} ORDER BY {} LIMIT %s OFFSET %s").format(
        sql.SQL(columns), source, sql.SQL(order)
    )
    rows = connection.execute(page, [*values, place.page_size, (place.page - 1) * place.page_size])
    return {
        "items": rows.fetchall(),
        "page": place.page,
        "page_size": place.page_size,
        "total": counted["total"],
    }
