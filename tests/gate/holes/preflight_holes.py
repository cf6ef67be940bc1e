"""Holes that a gate closes before its first check: accounts, databases and clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.gate.holes.catalogue import Change, Hole, both, documents_fail
from tests.gate.holes.toy_project import Toy

SOON = timedelta(minutes=20)
HOUR = 3600


def at(path: str) -> Change:
    """Another address of the toy target, where it behaves otherwise."""
    return lambda toy: toy.replace("cutover.toml", toy.url, f"{toy.url}/{path}")


def waive_documents(*, since: timedelta, until: timedelta) -> Change:
    """A waiver of the documents, between two moments counted from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    text = (
        '[[waiver]]\nitem = "documents"\ntarget = "toy"\nrelease = "1.0"\nby = "Ada Example"\n'
        f'reason = "tried by hand"\nat = {(now + since).isoformat()}\n'
        f"expires = {(now + until).isoformat()}\n"
    )
    return lambda toy: toy.write("waivers.toml", text)


def give_database(toy: Toy) -> None:
    """A database that nobody runs."""
    toy.replace(
        "cutover.toml",
        "[targets.toy.users",
        '[targets.toy.database]\ndsn_file = "dsn.txt"\n[targets.toy.users',
    )
    toy.write("dsn.txt", "postgresql://reader@127.0.0.1:1/none")


HOLES = (
    Hole(
        "a waiver that has expired by the target's clock",
        change=both(documents_fail, waive_documents(since=-SOON, until=SOON), at(f"clock/{HOUR}")),
        item="documents",
        outcome="failed",
    ),
    Hole(
        "a waiver that is not yet made by the target's clock",
        change=both(documents_fail, waive_documents(since=-SOON, until=SOON), at(f"clock/-{HOUR}")),
        item="documents",
        outcome="failed",
        thorough=True,
    ),
)
