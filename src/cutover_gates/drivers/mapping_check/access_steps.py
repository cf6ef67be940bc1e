"""The steps in which another facility's clinician asks for a chart, and must get nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cutover_gates.drivers.mapping_check.check_context import (
    COUNTS_AS_REFUSAL,
    CheckContext,
    CheckStep,
)
from cutover_gates.hospital import Driver, Reason, Session

EMPTY_LIST_REFUSES = "refusal-to-strangers"
"""The capability without which a list that lacks the record counts as a refusal."""
_REFUSALS = (Reason.FORBIDDEN, Reason.NOT_FOUND)
Ask = Callable[[Driver, Session, CheckContext], Any]


def _outsider_step(what: str, operation: str, need: str, ask: Ask) -> CheckStep:
    return CheckStep(
        f"another facility's clinician is refused {what}",
        operation,
        lambda context: ask(context.driver, context["outsider"], context),
        (need, "outsider"),
        rejections=_REFUSALS,
    )


def _outsider_list_step(what: str, operation: str, need: str, ask: Ask) -> CheckStep:
    """Return the step that asks for a list; declared so, one without the record is a refusal."""

    def act(driver: Driver, session: Session, context: CheckContext) -> Any:
        found: Sequence[Any] = ask(driver, session, context)
        is_in_it = any(entry.id == context[need].id for entry in found)
        if EMPTY_LIST_REFUSES in context.unsupported and not is_in_it:
            return COUNTS_AS_REFUSAL
        return found

    return _outsider_step(what, operation, need, act)


OUTSIDER_STEPS: tuple[CheckStep, ...] = (
    _outsider_step(
        "the visit",
        "visit",
        "visit",
        lambda driver, session, context: driver.visit(
            session, context["patient"].id, context["visit"].id
        ),
    ),
    _outsider_list_step(
        "the visits",
        "visits_of",
        "visit",
        lambda driver, session, context: driver.visits_of(session, context["patient"].id),
    ),
    _outsider_step(
        "the document",
        "document",
        "document",
        lambda driver, session, context: driver.document(
            session, context["patient"].id, context["document"].id
        ),
    ),
    _outsider_step(
        "its bytes",
        "content",
        "document",
        lambda driver, session, context: driver.content(session, context["document"]),
    ),
    _outsider_list_step(
        "the documents",
        "documents_of",
        "document",
        lambda driver, session, context: driver.documents_of(session, context["patient"].id),
    ),
)
