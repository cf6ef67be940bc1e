"""A database with a snapshot of it, to be harmed afterwards.

night = nights("CREATE TABLE t …", tables={"t": {"rows": "+1"}}) # the hospital before its cutover,
with these statements; snapshot taken night.happens("DELETE FROM t WHERE id = 1")
night.rows.contents()
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover.database.rows import Rows
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from tests.database.conftest import BEFORE, Spare
from tests.database.sites import declared, site_of

_RUNS = itertools.count(1)


@dataclass
class Night:
    """`site` is seen anew by each question: nothing that one gate saw serves the next."""

    dsn: str
    seen: Site

    @property
    def site(self) -> Site:
        return replace(self.seen, once_in=self.seen.once_in / str(next(_RUNS)))

    @property
    def rows(self) -> Rows:
        return Rows(self.site)

    def happens(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def declares(self, **tables: Any) -> None:
        declared = self.seen.migrations.model_copy(
            update={"tables": site_of(self.dsn, self.seen.folder, tables=tables).migrations.tables}
        )
        self.seen = replace(self.seen, migrations=declared)


Nights = Callable[..., Night]


@pytest.fixture
def nights(spare: Spare, tmp_path: Path) -> Nights:
    def begin(*statements: str, **migrations: Any) -> Night:
        dsn = spare(BEFORE, *statements)
        night = Night(dsn, site_of(dsn, tmp_path, **migrations))
        Snapshot.take(night.site)
        return night

    return begin


def hospital_tables() -> dict[str, Any]:
    """What the reference's migrations are declared to do."""
    return dict(declared()["tables"])
