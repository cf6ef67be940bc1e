"""The judgement of requests that no document lists: each answer, and the chart afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import quote

from cutover_gates.core.findings import Finding
from cutover_gates.hospital import (
    Answer,
    Driver,
    Operation,
    Rejected,
    Session,
    UndocumentedRequest,
    Unsupported,
)
from cutover_gates.hospital.undocumented_requests import SAFE_METHODS
from cutover_gates.probes.api.methods import rules

NOT_IMPLEMENTED = 501
"""The one status above 499 that is an honest refusal of a method (RFC 9110, 15.6.2)."""
_SHORTEST_WORD = 4
"""Characters of the shortest value that cannot stand in an answer by chance."""


def find_obeyed_request(
    request: UndocumentedRequest, answer: Answer, subject: str, *, may_use_lists: bool
) -> Finding | None:
    """Return a finding where a request that must be refused was answered with success.

    OPTIONS may succeed: it tells of a path, and of no record. `may_use_lists`: the person may use
    paths without a record in them, so a reading request to one of these may succeed, too.
    """
    reads = request.method in SAFE_METHODS
    is_list = not request.parameters
    if request.method == "OPTIONS" or (reads and is_list and may_use_lists):
        return None
    if 300 <= answer.status < 500 or answer.status == NOT_IMPLEMENTED:
        return None
    return Finding(rules.METHOD_REFUSED, subject, "a refusal", f"HTTP {answer.status}")


def find_shown_patient(
    request: Operation, answer: Answer, subject: str, words: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding for each place of an answer that holds one of the patient's `words`.

    Places are the body and each header. The word itself is not shown.
    """
    headers = {f"header {name.lower()}": value for name, value in answer.headers.items()}
    forms = {form for word in words if len(word) >= _SHORTEST_WORD for form in _forms(word)}
    for place, text in {"body": answer.text, **headers}.items():
        if any(form in text for form in forms):
            actual = f"HTTP {answer.status} to {request.method}, with it"
            yield Finding(
                rules.NOTHING_SHOWN, f"{subject}: {place}", "nothing of the patient", actual
            )


def _forms(word: str) -> tuple[str, ...]:
    """Return a word as a body or a header may hold it."""
    return word, quote(word), quote(word, safe=""), json.dumps(word)[1:-1]


def read_chart(driver: Driver, session: Session, ids: Mapping[str, str]) -> Mapping[str, object]:
    """Return every part of a chart that the target keeps, by its name.

    `ids` are those of the patient, and of a visit and a document where there is one. A part that is
    refused is its refusal, so that a record that was removed shows itself.
    """
    parts: dict[str, object] = {}
    for name, read in _list_parts(driver, session, ids).items():
        try:
            parts[name] = read()
        except Unsupported:
            continue  # the target declares that it does not have this part
        except Rejected as rejection:
            parts[name] = f"refused as {rejection.reason.value}"
    return parts


def _list_parts(
    driver: Driver, session: Session, ids: Mapping[str, str]
) -> Mapping[str, Callable[[], object]]:
    patient_id = ids["patient"]
    parts: dict[str, Callable[[], object]] = {
        "patient": lambda: driver.patient(session, patient_id),
        "visits": lambda: list(driver.visits_of(session, patient_id)),
        "documents": lambda: list(driver.documents_of(session, patient_id)),
    }
    if visit_id := ids.get("visit"):
        parts["visit"] = lambda: driver.visit(session, patient_id, visit_id)
    if document_id := ids.get("document"):
        parts["bytes"] = lambda: driver.content(
            session, driver.document(session, patient_id, document_id)
        )
    return parts


def compare_charts(
    before: Mapping[str, object], after: Mapping[str, object], doing: str
) -> Iterator[Finding]:
    """Yield a finding for each part of a chart that is another one after `doing`."""
    for name, value in before.items():
        now = after.get(name)
        if now != value:
            # The content is not shown: it may be more than the run's own.
            actual = now if isinstance(now, str) else "changed"
            yield Finding(rules.NOTHING_DONE, f"{name} after {doing}", "as it was before", actual)
