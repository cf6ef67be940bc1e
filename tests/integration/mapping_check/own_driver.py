"""Drivers of somebody's own, with mistakes in them: a class may be wrong in more ways than a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import (
    Credentials,
    Document,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
)


class Whole(RestDriver):
    """A driver that does everything: the default dialect, under another name."""

    def __init__(
        self, base_url: str, *, client: Any, run_tag: str, recorder: Any, settings: dict[str, Any]
    ) -> None:
        super().__init__(base_url, load_mapping(), client, run_tag=run_tag, recorder=recorder)


class ForgotAKey(Whole):
    """It reads what is not there."""

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        answer: dict[str, Any] = {"number": draft.mrn}
        return Patient(**answer["patient"])


class ToldNothing(Whole):
    """It gives back nothing where the protocol asks for a list."""

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        return None  # type: ignore[return-value]  # the mistake


class AnswersOfAnother(Whole):
    """It gives back what it was sent, and not what is stored."""

    def content(self, session: Session, document: Document) -> bytes:
        return b"always the same"


class Half:
    """Most of the protocol is missing."""

    def __init__(
        self, base_url: str, *, client: Any, run_tag: str, recorder: Any, settings: dict[str, Any]
    ) -> None:
        """Nothing to keep."""

    def sign_in(self, credentials: Credentials) -> Session:
        return Session(credentials.username, "")
