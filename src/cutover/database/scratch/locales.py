"""In which encoding and collation a scratch database is made: the target's, as far as the scratch
server knows them.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from cutover.database.session import DatabaseSilent
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

_PROVIDERS = {"b": "builtin", "i": "icu", "c": "libc"}


@dataclass(frozen=True)
class Locale:
    """Of one database. `name` is the locale of the providers `builtin` and `icu`."""

    encoding: str = "UTF8"
    provider: str = "c"
    collate: str = "C"
    ctype: str = "C"
    name: str | None = None

    def clauses(self, *, major: int) -> sql.Composed:
        """What `CREATE DATABASE` is told."""
        words = sql.SQL("ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            *map(sql.Literal, (self.encoding, self.collate, self.ctype))
        )
        if major < 15:
            return words
        words += sql.SQL(" LOCALE_PROVIDER {}").format(sql.Identifier(_PROVIDERS[self.provider]))
        if self.name:
            words += sql.SQL(" {} {}").format(
                sql.SQL({"b": "BUILTIN_LOCALE", "i": "ICU_LOCALE"}[self.provider]),
                sql.Literal(self.name),
            )
        return words


def locales(site: Site) -> tuple[Locale, ...]:
    """Those to try, best first: the target's; its encoding with the plainest collation; UTF-8.

    A silent target leaves the last.
    """
    try:
        with site.connect() as connection:
            row = connection.execute(
                "SELECT pg_encoding_to_char(encoding) AS encoding, to_jsonb(d) AS d FROM"
                " pg_database AS d WHERE datname = current_database()"
            ).fetchone()
    except (DatabaseSilent, NotProven, psycopg.Error):
        row = None
    if row is None:
        return (Locale(),)
    one = row["d"]
    name = one.get("datlocale") or one.get("daticulocale")
    own = Locale(
        row["encoding"], one.get("datlocprovider", "c"), one["datcollate"], one["datctype"], name
    )
    return (own, Locale(row["encoding"]), Locale())
