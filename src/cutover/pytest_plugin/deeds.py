"""What the run does at the target so that there is something to be seen in its signals; and the ids
that the answers carry.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cutover.evidence import Exchange, Recorder, Redactor
from cutover.hospital import Credentials, NotOffered, PatientQuery, Refused, Role, Session
from cutover.pytest_plugin.actors import NotArranged, arranging
from cutover.settings import SettingsError
from cutover.synthetic import People, token
from cutover.telemetry.signals.deeds import Done

if TYPE_CHECKING:
    from cutover.drivers import Ledgered


class Noting(Recorder):
    """Passes on what it is told to the run's recorder, and notes each exchange."""

    def __init__(self, inner: Recorder) -> None:
        super().__init__(inner.redactor)
        self._inner, self._noted, self._noting = inner, list[Exchange](), threading.Lock()

    def exchange(self, exchange: Exchange) -> None:
        with self._noting:
            self._noted.append(exchange)
        self._inner.exchange(exchange)

    def observe(self, title: str, **facts: Any) -> None:
        self._inner.observe(title, **facts)

    def noted(self) -> list[Exchange]:
        """The exchanges since this was asked the last time."""
        with self._noting:
            noted, self._noted = self._noted, []
        return noted


@dataclass(frozen=True)
class DeedsAtTheTarget:
    """Each is made through a client of its own, so that its exchanges are told from all others."""

    hospital: Ledgered
    noting: Noting
    sessions: Callable[[Role], Session]
    accounts: Callable[[Role], Credentials]
    people: People
    redactor: Redactor

    def mark(self) -> Done:
        """One search; as a stranger, who is refused, where there is no account that could sign in.

        Either is a request, and has its line.
        """
        try:
            session = self.sessions(Role.REGISTRAR)
        except (NotArranged, NotOffered, SettingsError):
            session = Session("nobody", token() * 4)

        def deed() -> None:
            with suppress(Refused):
                self.hospital.search(session, PatientQuery(mrn=self.people.mrn()))

        return self._done("a request", deed)

    def search(self, times: int) -> Done:
        """Search `times` times for a number that nobody has."""
        session = self.sessions(Role.REGISTRAR)

        def deed() -> None:
            for _ in range(times):
                self.hospital.search(session, PatientQuery(mrn=self.people.mrn()))

        return self._done("a search", deed)

    def sign_in(self) -> Done:
        """A registrar signs in with his password, shows his token in a search, and signs out."""
        credentials = self.accounts(Role.REGISTRAR)

        def deed() -> None:
            session = self.hospital.sign_in(credentials)
            for value in (session.access, session.refresh):
                self.redactor.learn("token of the check of logs", value)
            self.hospital.search(session, PatientQuery(mrn=self.people.mrn()))
            self.hospital.sign_out(session)

        return self._done("a sign-in", deed)

    def confide(self) -> Done:
        """A patient is registered whose names have signs that are written otherwise in an address,
        and is looked for by name and day of birth.
        """
        unique = token()
        draft = replace(
            self.people.draft(), family_name=f"Ångström-{unique}", given_name=f"Zoë {unique[::-1]}"
        )
        private = {
            "a patient's family name": draft.family_name,
            "a part of a patient's name": unique,
            "a patient's given name": draft.given_name,
            "a patient's record number": draft.mrn,
            "a patient's telephone number": (draft.phone or "").lstrip("+"),
            "a patient's address": draft.address or "",
            "a patient's day of birth": draft.birth_date.isoformat(),
        }
        session = self.sessions(Role.REGISTRAR)

        def deed() -> None:
            self.hospital.register(session, draft)
            self.hospital.search(session, PatientQuery(name=draft.family_name))
            self.hospital.search(session, PatientQuery(mrn=draft.mrn))
            self.hospital.search(
                session, PatientQuery(name=draft.family_name, birth_date=draft.birth_date)
            )

        return replace(self._done("a patient of the check's own", deed), private=private)

    def _done(self, what: str, deed: Callable[[], None]) -> Done:
        self.noting.noted()
        began = time.time()
        with arranging(what):
            deed()
        noted = [exchange for exchange in self.noting.noted() if exchange.status is not None]
        return Done(
            began,
            time.time(),
            tuple(exchange.request_id for exchange in noted if exchange.request_id),
            len(noted),
        )
