"""What a target says of itself, asked before the first check and after the last."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from cutover_gates.core.verdict import VerdictSubject
from cutover_gates.hospital import ProtocolViolation, Rejected, Unreachable, Unsupported
from cutover_gates.plugin.provenance import describe_commit
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets import RunningTarget
from cutover_gates.targets.driver_factory import open_driver

NO_ANSWER = object()


@dataclass(frozen=True)
class TargetStatus:
    """`answers` is False when nothing listens; `problem` then says so.

    `release` and `migration` are None where the target does not tell. `not_offered`: the operations
    that it says itself it has not, in its words (a FHIR server's capability statement).
    """

    answers: bool
    problem: str = ""
    release: str | None = None
    migration: str | None = None
    not_offered: Mapping[str, str] = field(default_factory=dict)


def probe_target(run: PytestRun, standing: RunningTarget) -> TargetStatus:
    """Ask the standing target.

    Bounded by the connect time and the patience of its settings; raises nothing for what a target
    does.

    Gates that only look at the database (Phase 1) do not need the application, which may be down
    for the migration: then the database is asked.
    """
    if run.suites == {"migrations"}:
        return _probe_database(run, standing)
    limits = run.settings.chosen_target.limits
    address = urlsplit(standing.url)
    host, port = address.hostname or "", address.port or {"https": 443}.get(address.scheme, 80)
    try:
        socket.create_connection((host, port), limits.connect_seconds).close()
    except OSError as error:
        return TargetStatus(
            False,
            f"target {standing.name!r} does not answer at {host}:{port}: {error.strerror or error}",
        )
    hospital = open_driver(run.settings, standing, run.recorder, run.tag)
    release = _call_or_none(hospital.release)
    if release is NO_ANSWER and _call_or_none(hospital.live) is NO_ANSWER:
        return TargetStatus(
            False,
            f"target {standing.name!r} takes connections at {host}:{port}, and answers nothing",
        )
    not_offered = _call_or_none(getattr(hospital, "unsupported_operations", dict))
    return TargetStatus(
        True,
        "",
        release if isinstance(release, str) else None,
        _read_migration(run, standing),
        not_offered if isinstance(not_offered, Mapping) else {},
    )


def _probe_database(run: PytestRun, standing: RunningTarget) -> TargetStatus:
    from cutover_gates.probes.database.context import DatabaseUnreachable, connect_read_only

    if standing.database is not None:
        try:
            connect_read_only(standing.database, run.settings.chosen_target.database).close()
        except DatabaseUnreachable as silence:
            return TargetStatus(False, f"target {standing.name!r}: {silence}")
    return TargetStatus(True, migration=_read_migration(run, standing))


def _call_or_none(question: Callable[[], object]) -> object:
    """The answer; None for any other than the one that was wanted, `NO_ANSWER` for none at all."""
    try:
        return question()
    except Unreachable:
        return NO_ANSWER
    except (ProtocolViolation, Unsupported, Rejected):
        return None


def _read_migration(run: PytestRun, standing: RunningTarget) -> str | None:
    from cutover_gates.probes.database.identity import (
        fetch_latest_migration,  # here, because psycopg takes long to load and not every target gives a database
    )

    return (
        fetch_latest_migration(standing.database, run.settings.chosen_target.database)
        if standing.database
        else None
    )


def build_subject(run: PytestRun, told: TargetStatus | None = None) -> VerdictSubject:
    """The subject as far as it is known; before the target is up its address and release are those
    of the settings.
    """
    target, standing = run.settings.chosen_target, run.running_target
    return VerdictSubject(
        target=run.settings.target,
        kind=target.kind,
        address=_strip_credentials(standing.url if standing else target.url or "(being started)"),
        release=(
            standing.release
            if standing
            else run.settings.release or target.release or "(not named)"
        ),
        reported_release=told.release if told else None,
        migration=told.migration if told else None,
        suite_version=_suite_version(),
        suite_commit=describe_commit(run.suite_folders),
        settings=run.settings.digest(),
        host=socket.gethostname(),
        production=target.production,
    )


def _strip_credentials(url: str) -> str:
    """A URL may carry user and password; a verdict never does."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _suite_version() -> str:
    try:
        return version("cutover-gates")
    except PackageNotFoundError:
        return "(not installed)"
