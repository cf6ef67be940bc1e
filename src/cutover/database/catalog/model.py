"""The catalog of a database as plain data: kind → name → facts.

Catalog({"column": {"public.visits.status": {"of": "table public.visits", "type": "character
varying(16)", "nulls": "refused"}}})

`of` names what a thing goes with (kind and name): whoever misses the table is not told of each of
its columns. A fact that is not there is None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Fact = str | int | list[str] | None
Facts = Mapping[str, Fact]

MADE = (
    "schema",
    "type",
    "table",
    "materialized view",
    "view",
    "column",
    "sequence",
    "constraint",
    "index",
    "function",
    "trigger",
    "policy",
    "rule",
    "statistics",
    "event trigger",
)
"""What scripts make, each kind after what it may go with."""
AROUND = ("database", "role", "extension", "owner", "grant", "default grant")
"""What stands around it, of which scripts usually say little: it was set up by hand, once."""
ORDER = "column order"
"""Told apart from the rest: a column that stands elsewhere harms only those who name no columns."""
KINDS = (*MADE, ORDER, *AROUND)


@dataclass(frozen=True)
class Catalog:
    """`things[kind][name]` are the facts.

    Names are `schema.name`, or `schema.table.name` for what belongs to a table; never quoted.
    """

    things: Mapping[str, Mapping[str, Facts]]

    def as_plain(self) -> dict[str, Any]:
        """JSON-able; `from_plain` makes an equal catalog of it."""
        return {
            kind: {name: dict(facts) for name, facts in named.items()}
            for kind, named in self.things.items()
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Catalog:
        """The inverse of `as_plain`."""
        return Catalog({kind: dict(named) for kind, named in plain.items()})

    def __getitem__(self, kind: str) -> Mapping[str, Facts]:
        """All things of a kind by name; none where the kind was not read."""
        return self.things.get(kind, {})

    def only(self, *kinds: str) -> Catalog:
        """These kinds, and no other."""
        return Catalog({kind: self[kind] for kind in kinds})

    def where(self, holds: Callable[[str, str, Facts], bool]) -> Catalog:
        """The things for which `holds(kind, name, facts)`."""
        return Catalog(
            {
                kind: {name: facts for name, facts in named.items() if holds(kind, name, facts)}
                for kind, named in self.things.items()
            }
        )

    def minus(self, other: Catalog) -> Catalog:
        """The things that `other` has not, or not so."""
        return self.where(lambda kind, name, facts: other[kind].get(name) != facts)

    def without(self, tables: Collection[str]) -> Catalog:
        """All but these tables (`schema.name`) and whatever goes with them, directly or through
        something else.
        """
        gone = {f"table {table}" for table in tables}
        for kind in KINDS:
            gone |= {
                f"{kind} {name}" for name, facts in self[kind].items() if facts.get("of") in gone
            }
        return self.where(
            lambda kind, name, facts: f"{kind} {name}" not in gone and facts.get("of") not in gone
        )
