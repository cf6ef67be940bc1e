"""The message `ROLL BACK NOW`: what fired, since when, the value beside its limit, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover_gates.core.triggers.trigger_firing import Firing

ORDER = "ROLL BACK NOW"
NOT_SEEN = (
    "The watcher has seen no answer of the new release: do not deploy it. Leave out steps 1 and 2"
    " while the release before still serves."
)


@dataclass(frozen=True)
class RollbackNames:
    """The target's own names for the steps of the plan.

    Where one is None the step says what to fill in. `backup` is the file or the name of the backup
    of before the cutover, `release` the release to go back to.
    """

    target: str
    deployment: str | None = None
    namespace: str | None = None
    container: str | None = None
    image: str | None = None
    helm_release: str | None = None
    database: str | None = None
    backup: str | None = None
    release: str | None = None
    cutover_release: str | None = None


def name_release(release: str) -> str:
    """Return the line of an order that says for which release of a cutover it is."""
    return f"It is for the cutover to release {release}."


def list_rollback_steps(names: RollbackNames) -> tuple[str, ...]:
    """Return the plan's manual rollback steps with the target's own names."""
    space = f" --namespace {names.namespace}" if names.namespace else ""
    deployment = names.deployment or "DEPLOYMENT"
    image = names.image or "IMAGE-OF-THE-RELEASE-BEFORE"
    container = names.container or deployment
    revert = f"kubectl{space} set image deployment/{deployment} {container}={image}"
    if names.helm_release:
        revert = f"helm rollback {names.helm_release}{space}"
    release = names.release or "the release before"
    backup, database = names.backup or "BACKUP", names.database or "DATABASE"
    return (
        "Stop traffic to the new release:"
        f" kubectl{space} scale deployment {deployment} --replicas=0",
        f"Revert to {release}: {revert}",
        f"Only if the old release cannot use the database: restore {backup} into {database}",
        f"Verify: pytest -m rollback --target {names.target}",
    )


def format_rollback_order(
    firings: Sequence[Firing],
    started: datetime,
    names: RollbackNames,
    *,
    new_was_seen: bool = True,
) -> str:
    """Return the message; its first and its last line are the order.

    `started`: when the watch began, with its time zone. `new_was_seen`: the new release has
    answered; before that, the steps would take away the one that serves. Raises `ValueError`
    without a firing.
    """
    if not firings:
        raise ValueError("nothing fired: there is no order to roll back")
    first = f"{ORDER}: {_summarize(firings[0])}"
    told = [line for each in firings for line in _describe(each, started)]
    steps = [f"{n}. {step}" for n, step in enumerate(list_rollback_steps(names), start=1)]
    about = [name_release(names.cutover_release)] if names.cutover_release else []
    about += [] if new_was_seen else [NOT_SEEN]
    return "\n".join([first, *about, *told, *steps, first]) + "\n"


def format_rollback_history(firings: Sequence[Firing], started: datetime, verdict: str) -> str:
    """Return the same as history: a rollback gate in GO followed, so nothing is to be done."""
    told = [line for each in firings for line in _describe(each, started)]
    head = f"A rollback was ordered, and done: {verdict}"
    return "\n".join([head, *told]) + "\n"


def _summarize(firing: Firing) -> str:
    return f"{firing.key.trigger} of {firing.key.subject}: {firing.value} (limit: {firing.limit})"


def _describe(firing: Firing, started: datetime) -> Iterator[str]:
    def moment(seconds: float) -> str:
        """Return a moment of the watch as a time of day."""
        return (started + timedelta(seconds=seconds)).isoformat(timespec="seconds")

    operation = f", operation {firing.key.operation}" if firing.key.operation else ""
    yield (
        f"Trigger {firing.key.trigger}, subject {firing.key.subject}{operation}, seen by"
        f" {firing.key.source}: since {moment(firing.since)}, fired {moment(firing.at)}."
    )
    yield f"  Value: {firing.value}. Limit: {firing.limit}."
    yield from _describe_course(firing, moment)
    if firing.note:
        yield f"  Note: {firing.note}."


def _describe_course(firing: Firing, moment: Callable[[float], str]) -> Iterator[str]:
    """Yield since when the window was exceeded, and the first and last bad request."""
    courses: Mapping[str, float | None] = {
        "window exceeded since": firing.rate_since,
        "first bad request": firing.first_bad,
        "last bad request": firing.last_bad,
    }
    known = [f"{name} {moment(at)}" for name, at in courses.items() if at is not None]
    if known:
        yield f"  {'; '.join(known)}."
