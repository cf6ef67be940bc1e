"""An order to roll back that stands for the judged release, at every gate of its target.

A watcher leaves it in the folder of its record. It is the first and the last line of each verdict,
and no gate is GO, until the gate `rollback` has been. Then it is told as history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cutover_gates.config.watch import Watch
from cutover_gates.core.gates import GATE_PARTS, named_gates
from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import watch_of

if TYPE_CHECKING:
    from cutover_gates.core.triggers.rollback_message import RollbackNames
    from cutover_gates.watch.standing_order import StandingOrder

GATES_OF_THE_NIGHT = frozenset({*GATE_PARTS["phase2"], "phase2", "phase3", "post-hour", "post"})
"""The gates at which a declared watch must be there: it may hold an order."""
ROLLBACK = ("rollback",)


@dataclass(frozen=True)
class RollbackOrders:
    """The order that stands, or the run of the rollback gate that followed it.

    `unwatched` says that a declared watch has no record, `unreadable` that it cannot be read; both
    are empty where all is well.
    """

    order: StandingOrder | None = None
    followed_by: str = ""
    unwatched: str = ""
    unreadable: str = ""

    def holds(self, gate: str) -> tuple[str, ...]:
        """Return why this gate cannot be GO."""
        found = []
        if self.order and not self.followed_by and named_gates(gate) != ROLLBACK:
            found.append(
                f"the watcher ordered a rollback ({self.order.first_line}), and no gate `rollback`"
                " in GO came after it: roll back, then run pytest -m rollback"
            )
        if self.unwatched and GATES_OF_THE_NIGHT & {*named_gates(gate)}:
            found.append(self.unwatched)
        # An order may stand in it.
        if self.unreadable:
            found.append(self.unreadable)
        return tuple(found)

    def show(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the order, or with the order as history."""
        if self.order is None:
            return verdict
        followed = self.followed_by
        if not followed and named_gates(verdict.gate) == ROLLBACK and verdict.is_go:
            followed = "this gate"
        if not followed:
            return replace(verdict, rollback_order=self.order.text)
        when = self.order.moment.astimezone(UTC)
        history = (
            f"A rollback was ordered at {when:%Y-%m-%d %H:%M:%S} UTC, and done ({followed}):"
            f" {self.order.reason}"
        )
        return replace(verdict, notes=(*verdict.notes, history))


def find_rollback_orders(run: PytestRun) -> RollbackOrders:
    """Return what stands for the target and the release of a run, also before it is started."""
    folder, watch = _find_watch(run)
    try:
        return _read_orders(run, folder, watch)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return RollbackOrders(
            unreadable=f"the record of the watch in {folder} cannot be read ({reason}): change its"
            " permissions, and run again"
        )


def _read_orders(run: PytestRun, folder: Path, watch: Watch) -> RollbackOrders:
    release = _find_release(run)
    unwatched = _describe_unwatched(folder, watch, release)
    if not folder.is_dir():
        return RollbackOrders(unwatched=unwatched)
    # here, because the triggers load numpy (0.3 s), and most targets have no record of a watch
    from cutover_gates.watch.standing_order import find_rollback_verdict, find_standing_order

    order = find_standing_order(folder, release, _find_names(run))
    if order is None:
        return RollbackOrders(unwatched=unwatched)
    settings = run.settings
    reports = settings.resolve_path(settings.reports)
    followed = find_rollback_verdict(reports, settings.target, release, order.moment)
    return RollbackOrders(_redact(run, order), followed, unwatched)


def find_early_order(run: PytestRun) -> str:
    """Return the order that stands before a run begins; empty where none does."""
    found = find_rollback_orders(run)
    return found.order.text if found.order and not found.followed_by else ""


def _find_watch(run: PytestRun) -> tuple[Path, Watch]:
    if run.running_target is not None:
        return watch_of(run.settings, run.running_target)
    watch = run.settings.chosen_target.watch
    return run.settings.resolve_path(watch.folder) / run.settings.target, watch


def _find_release(run: PytestRun) -> str:
    if run.running_target is not None:
        return run.running_target.release
    return run.settings.release or run.settings.chosen_target.release or ""


def _find_names(run: PytestRun) -> RollbackNames:
    # here, for the same reason
    from cutover_gates.core.triggers.rollback_message import RollbackNames
    from cutover_gates.watch.rollback_names import build_rollback_names

    if run.running_target is None:
        return RollbackNames(run.settings.target)

    return build_rollback_names(run.settings, run.running_target)


def _redact(run: PytestRun, order: StandingOrder) -> StandingOrder:
    return replace(order, text=run.redactor.redact_text(order.text))


def _describe_unwatched(folder: Path, watch: Watch, release: str) -> str:
    """Return that a declared watch has begun, and nobody has watched; empty where all is well."""
    begins = watch.begins
    if begins is None or begins > datetime.now(UTC):
        return ""
    # here, for the same reason
    from cutover_gates.watch.standing_order import find_watched_releases

    if release in find_watched_releases(folder):
        return ""
    return (
        f"the cutover is to be watched since {begins:%Y-%m-%d %H:%M %Z} (watch.begins), and no"
        f" watcher has left a record of release {release} in {folder}: start `cutover-gates watch`,"
        " or correct watch.begins where that was another night"
    )
