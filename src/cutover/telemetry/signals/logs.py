"""Does the line of a request arrive in the log store, complete, and without what nobody may read
there?

store = store_of(monitoring.logs, standing.log)
store.find(request_id)      # the lines that hold a text
store.since(moment)         # all lines from a moment on
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from cutover.evidence import Examination, Redactor
from cutover.settings.signals import Logs as LogSettings
from cutover.telemetry.signals.deeds import Deeds, Done
from cutover.telemetry.signals.lines import Line, moment
from cutover.telemetry.signals.seen import Record, Seen, examined
from cutover.telemetry.signals.stores import Store
from cutover.telemetry.signals.storing import store_of
from cutover.telemetry.signals.waiting import awaited

__all__ = ["Logs", "store_of"]
TABLE = "monitoring.logs"


@dataclass(frozen=True)
class Logs:
    """`store` None: none is declared.

    `restored`: when the rollback was done, seconds since 1970. `redactor` knows the run's secrets.
    """

    settings: LogSettings
    store: Store | None
    deeds: Deeds
    redactor: Redactor
    target: str
    restored: float | None = None
    record: Record = field(default=lambda _examination: None, repr=False)

    def arriving(self) -> Examination:
        """Is the line of a request in the store in time, with level, time and the request's id?"""
        return examined(
            Seen("logs: a line arrives", self.target, ("log-aggregation", "logs-flowing")),
            self.record,
            self._arriving,
        )

    def without_secrets(self) -> Examination:
        """Does no line hold a password or a token, while somebody signs in and works?"""
        return examined(
            Seen("logs: without secrets", self.target, ("logs-flowing",)),
            self.record,
            self._without_secrets,
        )

    def without_patients(self) -> Examination:
        """Does no line hold what only a chart may, while somebody is registered and looked for by
        name?
        """
        return examined(
            Seen("logs: without patient data", self.target, ("logs-flowing",)),
            self.record,
            self._without_patients,
        )

    def since_the_rollback(self) -> Examination:
        """Is there no line of an error since the rollback?"""
        return examined(
            Seen("logs: since the rollback", self.target, ("rollback-logs",)),
            self.record,
            self._since_the_rollback,
        )

    # ── a line arrives ──

    def _declared(self, seen: Seen) -> Store | None:
        if self.store is None:
            seen.undeclared(TABLE, "kind and what it needs", "where the target's log is")
        return self.store

    def _arriving(self, seen: Seen) -> None:
        if (store := self._declared(seen)) is None:
            return
        done = self.deeds.mark()
        if not done.ids:
            seen.unproven.append(_NO_IDS)
            return
        number, began = done.ids[0], time.monotonic()
        lines = awaited(lambda: store.find(number) or None, self.settings.seconds)
        if lines is None:
            seen.findings.append(
                f"expected a line of request {number} within {self.settings.seconds:g} s, came"
                " none: it is late or lost, or its line does not hold the request's id"
            )
            return
        seen.facts |= {
            "request": number,
            "lines": len(lines),
            "seconds": round(time.monotonic() - began, 1),
        }
        wrong = [sentence for line in lines for sentence in self._incomplete(line, number, done)]
        seen.findings += wrong
        if not wrong:
            seen.examined.append(f"line of request {number}")

    def _incomplete(self, line: Line, number: str, done: Done) -> list[str]:
        """What a line lacks."""
        names, line_is = self.settings, f"the line of request {number}"
        wrong, level, at = (
            [],
            str(line.field(names.level) or "").lower(),
            moment(line.field(names.time)),
        )
        if str(line.field(names.request_id)) != number:
            wrong.append(
                f"{line_is}: expected the id in its field {names.request_id!r}, and it stands"
                f" elsewhere; its fields are {_names(line)}"
            )
        if level not in {one.lower() for one in names.levels}:
            came = (
                f"{self.redactor.text(level)[:20]!r}"
                if level
                else f"none; its fields are {_names(line)}"
            )
            wrong.append(
                f"{line_is}: expected a level in its field {names.level!r}"
                f" ({', '.join(names.levels)}), came {came}"
            )
        if at is None:
            wrong.append(
                f"{line_is}: expected a time in its field {names.time!r}, came none; its fields are"
                f" {_names(line)}"
            )
        elif not done.began - names.clock_seconds <= at <= done.ended + names.clock_seconds:
            wrong.append(
                f"{line_is}: expected a time within {names.clock_seconds:g} s of"
                f" {_told(done.began)}, came {_told(at)}, {abs(at - done.began):.0f} s"
                f" {'later' if at > done.began else 'earlier'}: is its clock right, and its zone?"
            )
        return wrong

    # ── what no line may hold ──

    def _window(self, seen: Seen, store: Store, done: Done) -> Sequence[Line] | None:
        """All lines since the requests began, once those of each of them are there."""
        if not done.ids:
            seen.unproven.append(_NO_IDS)
            return None

        def look() -> Sequence[Line] | None:
            lines = store.since(done.began - self.settings.clock_seconds)
            return (
                lines
                if set(done.ids) <= {str(line.field(self.settings.request_id)) for line in lines}
                else None
            )

        lines = awaited(look, self.settings.seconds)
        if lines is None:
            seen.unproven.append(
                f"not all lines of the {len(done.ids)} requests that were made arrived within"
                f" {self.settings.seconds:g} s with their ids, so what they hold was not seen"
            )
        return lines

    def _without_secrets(self, seen: Seen) -> None:
        if (store := self._declared(seen)) is None:
            return
        lines = self._window(seen, store, self.deeds.sign_in())
        if lines is not None:
            self._look_through(
                seen,
                lines,
                lambda text: [*self.redactor.find(text.encode()), *_shapes(text, self.redactor)],
            )

    def _without_patients(self, seen: Seen) -> None:
        if (store := self._declared(seen)) is None:
            return
        done = self.deeds.confide()
        vault = Redactor()  # it knows the forms that a text may take on its way into a file
        for name, value in done.private.items():
            vault.learn(name, value)
            vault.learn(name, value.casefold())
        lines = self._window(seen, store, done)
        if lines is not None:
            self._look_through(
                seen,
                lines,
                lambda text: vault.find(
                    "\n".join((text, text.casefold(), unquote_plus(text))).encode()
                ),
            )

    def _look_through(
        self, seen: Seen, lines: Sequence[Line], held: Callable[[str], Sequence[str]]
    ) -> None:
        """Only names are told: of what a line holds, and of the line."""
        for line in lines:
            if found := sorted(set(held(line.text))):
                seen.findings.append(
                    f"{self._which(line)} holds {', '.join(found)}: whoever reads the log reads"
                    " it, too"
                )
        if not seen.findings:
            seen.examined.append(f"{len(lines)} lines")
        seen.facts["lines"] = len(lines)

    def _which(self, line: Line) -> str:
        number, at = line.field(self.settings.request_id), moment(line.field(self.settings.time))
        of = (
            f" of request {self.redactor.text(number)}"
            if isinstance(number, str) and _ID.fullmatch(number)
            else ""
        )
        return f"a line{of} at {_told(at)}" if at is not None else f"a line{of} without a time"

    # ── after the rollback ──

    def _since_the_rollback(self, seen: Seen) -> None:
        store, names = self._declared(seen), self.settings
        if self.restored is None:
            seen.undeclared(TABLE, "rolled_back", "when the rollback was done")
        if store is None or self.restored is None:
            return
        if self.restored > time.time():
            seen.unproven.append(f"rolled_back is {_told(self.restored)}, which is still to come")
            return
        if (
            self._window(seen, store, self.deeds.mark()) is None
        ):  # the log that is read must be the one that is written now
            return
        lines = store.since(self.restored)
        timed = [line for line in lines if line.field(names.time) is not None]
        bare = sum(not line.field(names.level) for line in timed)
        bad = [
            line
            for line in lines
            if str(line.field(names.level) or "").lower()
            in {level.lower() for level in names.error_levels}
        ]
        seen.facts |= {
            "since": _told(self.restored),
            "lines": len(lines),
            "levels": Counter(str(line.field(names.level))[:20] for line in timed),
        }
        seen.findings += [
            f"an error since the rollback: {self._which(line)}, level {line.field(names.level)}"
            for line in bad
        ]
        if bare or not timed:
            seen.unproven.append(
                f"{bare} of {len(timed)} lines since {_told(self.restored)} have no level in their"
                f" field {names.level!r}, so that nobody can say whether they tell of an error"
            )
        else:
            seen.examined.append(f"{len(lines)} lines since {_told(self.restored)}")


_ID = re.compile(r"[\w.:-]{1,64}")
_NO_IDS = (
    "the target's answers carry no X-Request-Id, so the line of a request cannot be told from"
    " others: let it answer with the id that it logs"
)


def _shapes(text: str, redactor: Redactor) -> Sequence[str]:
    """What looks like a token, whosever it is."""
    return ["a token (JWT)"] if "‹jwt›" in redactor.text(text) else []


def _names(line: Line) -> str:
    return ", ".join(sorted(line)[:20])


def _told(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
