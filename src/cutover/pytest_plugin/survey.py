"""What a target says of itself, asked before the first check and after the last."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cutover.hospital import Misbehaved, NotOffered, Refused, Unreachable
from cutover.pytest_plugin.run import Run
from cutover.targets import Standing
from cutover.targets.connecting import open_hospital

SILENT = object()


@dataclass(frozen=True)
class Survey:
    """`answers` is False when nothing listens; `words` then says so.

    `release` and `migration` are None where the target does not tell. `not_offered`: the operations
    that it says itself it has not, in its words (a FHIR server's capability statement).
    """

    answers: bool
    words: str = ""
    release: str | None = None
    migration: str | None = None
    not_offered: Mapping[str, str] = field(default_factory=dict)


def survey(run: Run, standing: Standing) -> Survey:
    """Ask the standing target.

    Bounded by the connect time and the patience of its settings; raises nothing for what a target
    does.

    Gates that only look at the database (Phase 1) do not need the application, which may be down
    for the migration: then the database is asked.
    """
    if run.suites == {"migrations"}:
        return _database_alone(run, standing)
    limits = run.settings.chosen.limits
    address = urlsplit(standing.url)
    host, port = address.hostname or "", address.port or {"https": 443}.get(address.scheme, 80)
    try:
        socket.create_connection((host, port), limits.connect_seconds).close()
    except OSError as error:
        return Survey(
            False,
            f"target {standing.name!r} does not answer at {host}:{port}: {error.strerror or error}",
        )
    hospital = open_hospital(run.settings, standing, run.recorder, run.tag)
    release = _asked(hospital.release)
    if release is SILENT and _asked(hospital.live) is SILENT:
        return Survey(
            False,
            f"target {standing.name!r} takes connections at {host}:{port}, and answers nothing",
        )
    not_offered = _asked(getattr(hospital, "not_offered", dict))
    return Survey(
        True,
        "",
        release if isinstance(release, str) else None,
        _migration(run, standing),
        not_offered if isinstance(not_offered, Mapping) else {},
    )


def _database_alone(run: Run, standing: Standing) -> Survey:
    from cutover.database.session import DatabaseSilent, read_only

    if standing.database is not None:
        try:
            read_only(standing.database, run.settings.chosen.database).close()
        except DatabaseSilent as silence:
            return Survey(False, f"target {standing.name!r}: {silence}")
    return Survey(True, migration=_migration(run, standing))


def _asked(question: Callable[[], object]) -> object:
    """The answer; None for any other than the one that was wanted, `SILENT` for none at all."""
    try:
        return question()
    except Unreachable:
        return SILENT
    except (Misbehaved, NotOffered, Refused):
        return None


def _migration(run: Run, standing: Standing) -> str | None:
    from cutover.database.migration import (
        latest,
    )  # here, because psycopg takes long to load and not every target gives a database

    return latest(standing.database, run.settings.chosen.database) if standing.database else None
