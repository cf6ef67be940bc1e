"""Finds an order to roll back that a watcher left, and the rollback gate that followed it.

It stands in three places: the kept state, the lines of the record and the file of the order. One of
them is enough, so that who removes one does not remove the order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cutover_gates.config.settings import Settings
from cutover_gates.core.triggers.rollback_message import (
    ORDER,
    RollbackNames,
    format_rollback_order,
    name_release,
)
from cutover_gates.core.triggers.trigger_state import UnusableState
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.kept_triggers import ORDER_FILE, read_kept_triggers
from cutover_gates.watch.record_lines import FIRED

GATE = "rollback"
GO_TEXTS = ("GO", "GO WITH WAIVERS")
LONGEST_TEXT = 20_000
"""Characters of an order that are read: the folder may have been written by anybody."""


@dataclass(frozen=True)
class StandingOrder:
    """An order to roll back: its text, whose first and last line are the order, and its moment."""

    text: str
    moment: datetime

    @property
    def first_line(self) -> str:
        """The order in one line."""
        return next(iter(self.text.splitlines()), ORDER)

    @property
    def reason(self) -> str:
        """What fired, without the order."""
        return self.first_line.removeprefix(f"{ORDER}: ")


def find_standing_order(folder: Path, release: str, names: RollbackNames) -> StandingOrder | None:
    """Return the order for a release that stands in the folder of a record; None where none does.

    The text of the first place that has it is taken, and the latest moment of all. `names` are for
    an order that is made again of the kept state.
    """
    places = (
        *_read_state(folder, release, names),
        *_read_lines(folder, release),
        *_read_file(folder, release),
    )
    if not places:
        return None
    return StandingOrder(places[0].text, max(place.moment for place in places))


def find_raw_lines(folder: Path, do: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the head of a segment and each of its lines of a kind, whatever their sums say.

    A record that was edited still tells what it ordered.
    """
    mark = f'"{do}"'
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        head = _parse_line(lines[0])
        for line in lines:
            if mark in line and (values := _parse_line(line)).get("do") == do:
                yield head, values


def find_watched_releases(folder: Path) -> frozenset[str]:
    """Return the releases for which somebody has watched into the folder."""
    heads = []
    for path in folder.glob("*.jsonl"):
        with path.open(encoding="utf-8", errors="replace") as file:
            heads.append(_parse_line(file.readline(LONGEST_TEXT)))
    return frozenset(str(head["release"]) for head in heads if "release" in head)


def _read_state(folder: Path, release: str, names: RollbackNames) -> Iterator[StandingOrder]:
    try:
        kept = read_kept_triggers(folder)
        last = kept.find_last_firing() if kept else None
    except (UnusableState, OverflowError):
        return
    if kept and last and kept.release == release:
        text = format_rollback_order(
            kept.list_firings(), kept.started, names, new_was_seen=kept.has_seen_new()
        )
        yield StandingOrder(text, last)


def _read_lines(folder: Path, release: str) -> Iterator[StandingOrder]:
    found = [line for head, line in find_raw_lines(folder, FIRED) if head.get("release") == release]
    orders = [
        StandingOrder(
            str(line.get("order") or f"{ORDER}: {line.get('firings')}")[:LONGEST_TEXT],
            _read_moment(line.get("at")),
        )
        for line in found
    ]
    # The newest names all that fired; the files of two processes of one second have no order.
    yield from sorted(orders, key=lambda order: order.moment, reverse=True)


def _read_file(folder: Path, release: str) -> Iterator[StandingOrder]:
    path = folder / ORDER_FILE
    try:
        text = path.read_text(encoding="utf-8", errors="replace")[:LONGEST_TEXT]
        moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return
    if name_release(release) in text.splitlines():
        yield StandingOrder(text, moment)


def _read_moment(at: object) -> datetime:
    """Return the moment of a line; what is no moment comes after every rollback."""
    try:
        return datetime.fromtimestamp(float(str(at)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _parse_line(line: str) -> Mapping[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, Mapping) else {}


@dataclass(frozen=True)
class RollbackVerdict:
    """A verdict of the gate `rollback`: the folder of its run, its word, when it began."""

    run: str
    word: str
    started: datetime


def search_rollback(settings: Settings, target: RunningTarget) -> Callable[[datetime], str]:
    """Return what finds the rollback gate of this target and release that followed a moment."""
    reports = settings.resolve_path(settings.reports)
    return partial(find_rollback_verdict, reports, settings.target, target.release)


def find_rollback_verdict(reports: Path, target: str, release: str, since: datetime) -> str:
    """Return the run of the rollback gate in GO that began after `since`; empty for none.

    The newest verdict of that gate counts: a NO-GO after a GO leaves the order standing. One that
    cannot be read is a NO-GO.
    """
    verdicts = _list_verdicts(reports, target, release)
    newest = max(verdicts, key=lambda each: each.started, default=None)
    if newest is None or newest.word not in GO_TEXTS or newest.started <= since:
        return ""
    return newest.run


def _list_verdicts(reports: Path, target: str, release: str) -> Iterator[RollbackVerdict]:
    for path in reports.glob(f"*-{GATE}-*/verdict.json"):
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            if _is_of(plain, target, release):
                started = datetime.fromisoformat(plain["started"])
                yield RollbackVerdict(path.parent.name, str(plain["verdict"]), started)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Its time is that of the file: newer than a GO, it hides that one.
            yield RollbackVerdict(path.parent.name, "", _find_change(path))


def _is_of(plain: Any, target: str, release: str) -> bool:
    """Return whether the whole gate was judged on this target and release."""
    return (plain["gate"], plain["target"], plain["release"]) == (GATE, target, release)


def _find_change(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except OSError:
        return datetime.now().astimezone()
