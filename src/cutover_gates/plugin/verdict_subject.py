"""Asks a target about itself, before the first check and after the last, for the verdict."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, Queue
from urllib.parse import urlsplit

from cutover_gates.config.target import Target
from cutover_gates.core.release_answers import ReleaseAnswers
from cutover_gates.core.verdict import VerdictSubject
from cutover_gates.hospital import Driver, ProtocolViolation, Rejected, Unreachable, Unsupported
from cutover_gates.plugin.database_check import DatabaseAnswers
from cutover_gates.plugin.question_digest import combine_parts
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.suite_comparison import UNKNOWN
from cutover_gates.plugin.suite_origin import describe_commit
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.addresses import DEFAULT_PORTS
from cutover_gates.util.concurrency import run_concurrently

NO_ANSWER = object()
SLOW_SECONDS = 0.25
"""Seconds after which a target without an answer is also asked whether it lives."""


@dataclass(frozen=True)
class TargetStatus:
    """The answers of a target about itself.

    `answers` is False when nothing listens; `problem` then says so. `release` and `migration` are
    None where the target does not report them. `not_offered` are operations that its own capability
    statement does not list, each with its words.
    """

    answers: bool
    problem: str = ""
    release: str | None = None
    migration: str | None = None
    not_offered: Mapping[str, str] = field(default_factory=dict)


def probe_target(
    run: PytestRun, target: RunningTarget, ask_databases: Callable[[], DatabaseAnswers]
) -> TargetStatus:
    """Return what the running target reports of itself.

    `ask_databases` returns what its databases say; a target that is silent is not asked for it.

    The connect time and the request time of its settings bound it. Nothing is raised for what a
    target does. Gates that only look at the database (Phase 1) do not need the application, which
    may be down for the migration: for them the database must answer.
    """
    if run.suites == {"migrations"}:
        databases = ask_databases()
        problem = f"target {target.name!r}: {databases.problem}" if databases.problem else ""
        return TargetStatus(not problem, problem, migration=databases.migration)
    if problem := _connection_problem(run, target):
        return TargetStatus(False, problem)
    hospital = open_driver(run.settings, target, run.recorder, run.tag)
    release, life = _ask_release_and_life(hospital)
    if release is NO_ANSWER and life is NO_ANSWER:
        problem = (
            f"target {target.name!r} takes connections at {_strip_credentials(target.url)}, and"
            " answers nothing"
        )
        return TargetStatus(False, problem)
    not_offered = _call_or_none(hospital.features.unsupported_operations)
    return TargetStatus(
        True,
        "",
        release if isinstance(release, str) else None,
        ask_databases().migration,
        not_offered if isinstance(not_offered, Mapping) else {},
    )


def _connection_problem(run: PytestRun, target: RunningTarget) -> str:
    """Return why no connection to the target can be made; empty where one can."""
    address = urlsplit(target.url)
    host, port = address.hostname or "", address.port or DEFAULT_PORTS.get(address.scheme, 80)
    seconds = run.settings.chosen_target.limits.connect_seconds
    try:
        socket.create_connection((host, port), seconds).close()
    except OSError as error:
        reason = error.strerror or error
        return f"target {target.name!r} does not answer at {host}:{port}: {reason}"
    return ""


def _call_or_none(question: Callable[[], object]) -> object:
    """Return the answer.

    None stands for an answer that is not usable, `NO_ANSWER` for none at all.
    """
    try:
        return question()
    except Unreachable:
        return NO_ANSWER
    except (ProtocolViolation, Unsupported, Rejected):
        return None


def _ask_release_and_life(hospital: Driver) -> tuple[object, object]:
    """Return what both questions were answered; None for the second where it was not needed.

    They are asked side by side where the first takes long, so that a silent target costs the time
    of one request.
    """
    first: Queue[object] = Queue()

    def ask_release() -> object:
        answer = _call_or_none(hospital.release)
        first.put(answer)
        return answer

    def ask_life() -> object:
        try:
            is_needed = first.get(timeout=SLOW_SECONDS) is NO_ANSWER
        except Empty:
            is_needed = True
        return _call_or_none(hospital.live) if is_needed else None

    release, life = run_concurrently([ask_release, ask_life])
    return release, life


def build_subject(
    run: PytestRun,
    status: TargetStatus | None = None,
    release_answers: tuple[ReleaseAnswers, ...] = (),
) -> VerdictSubject:
    """Return the subject as far as it is known.

    Before the target is up its address and release are those of the settings.
    """
    settings, target, judged_by = run.settings.chosen_target, run.running_target, run.judged_by
    url = target.url if target else settings.url or "(being started)"
    declared = run.settings.release or settings.release or "(not named)"
    return VerdictSubject(
        target=run.settings.target,
        kind=settings.kind,
        address=_strip_credentials(url),
        release=target.release if target else declared,
        reported_release=status.release if status else None,
        migration=status.migration if status else None,
        suite_version=_suite_version(),
        suite_commit=describe_commit(judged_by.suite, run.suite_folders) if judged_by else UNKNOWN,
        settings=combine_parts(judged_by.digest) if judged_by else UNKNOWN,
        host=socket.gethostname(),
        production=settings.production,
        images=list_images(settings),
        document=run.served_document,
        signer=run.signer,
        previous_release=target.previous_release if target else None,
        release_answers=release_answers,
        judged_by=judged_by,
    )


def list_images(target: Target) -> tuple[str, ...]:
    """Return the images under judgement that the settings name, as `repository@sha256:…`."""
    cluster = target.infrastructure.cluster
    return (f"{cluster.image or 'image'}@{cluster.digest}",) if cluster.digest else ()


def _strip_credentials(url: str) -> str:
    """Return a URL without user and password: a verdict never has them."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _suite_version() -> str:
    try:
        return version("cutover-gates")
    except PackageNotFoundError:
        return "(not installed)"
