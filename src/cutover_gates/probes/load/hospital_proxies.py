"""Wrappers of a driver for load processes: reporting to the ledger, refreshing sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import Driver, Rejected
from cutover_gates.probes.load.data_pool import DataPool
from cutover_gates.probes.load.sample_writer import SampleWriter

_LEDGER_KEYS: dict[str, Callable[..., str]] = {
    "register": lambda _session, draft: str(draft.mrn),
    "open_visit": lambda _session, _patient, reason: str(reason),
    "upload": lambda _session, _patient, upload: str(upload.file_name),
}
"""The key of each record in the ledger."""


class LedgerReporting:
    """A driver that reports what became of each record in the ledger.

    A record without an answer stays open there, to be looked up.
    """

    def __init__(self, hospital: Driver, pool: DataPool, writer: SampleWriter) -> None:
        self._hospital, self._pool, self._writer = hospital, pool, writer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        if name not in _LEDGER_KEYS:
            return act
        return partial(self._create_record, act, _LEDGER_KEYS[name])

    def _create_record(
        self, act: Callable[..., Any], key_of: Callable[..., str], *words: Any, **named: Any
    ) -> Any:
        entry = self._pool.entries[key_of(*words)]
        self._writer.record_attempt(entry)
        try:
            created = act(*words, **named)
        except Rejected:
            self._writer.record_rejection(entry)
            raise
        self._writer.record_creation(entry, created.id)
        return created


class SessionRefreshing:
    """A driver that shows the current session of each role.

    A journey may last longer than a token.
    """

    def __init__(self, hospital: Driver, sessions: SessionPool) -> None:
        self._hospital, self._sessions = hospital, sessions

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)

        def act_with_current(session: Any, *words: Any, **named: Any) -> Any:
            return act(self._sessions.current(session), *words, **named)

        return act_with_current
