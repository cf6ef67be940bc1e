"""The comparisons that several steps share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.check_context import CheckContext, UnexpectedResult
from cutover_gates.hospital import Document, Driver, Patient, PatientDraft, Visit

Entry = TypeVar("Entry", Patient, Visit, Document)


def format_own_value(context: CheckContext, value: object, *sent: str) -> str:
    """Return a value where each of its words was sent by this check; else only its length.

    Any other value may be somebody's data. `sent` are texts that were sent besides the draft.
    """
    texts = [str(getattr(context.draft(), field.name)) for field in fields(PatientDraft)]
    own_words = set[str]().union(*map(_words, [*texts, *sent]))
    if value is None:
        return "None"
    words = _words(str(value))
    if words and words <= own_words:
        return repr(str(value))
    return f"another value ({len(str(value))} characters)"


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def pick_entry(found: Sequence[Entry], wanted: Entry, operation: str, key: str = "items") -> Entry:
    """Return the entry of a list that has the id of `wanted`."""
    for entry in found:
        if entry.id == wanted.id:
            return entry
    raise UnexpectedResult(
        Cause.MISSING_ENTRY,
        f"operations.{operation}.{key}",
        "the entry that was just created",
        f"a list of {len(found)} without it",
    )


def list_two_pages(
    context: CheckContext, list_entries: Callable[[Driver], Sequence[Any]], operation: str
) -> None:
    """Require that a list in pages of one entry equals the list in one page."""
    whole = list_entries(context.driver)
    paged = list_entries(context.paged or context.driver)
    same = {entry.id for entry in whole} == {entry.id for entry in paged}
    # Fewer than two entries would prove nothing: no page would turn.
    if not same or len(whole) < 2:
        raise UnexpectedResult(
            Cause.PAGES_DO_NOT_TURN,
            f"operations.{operation}.paging",
            f"the same {max(2, len(whole))} entries, one on each page",
            f"{len(paged)}",
        )


def require_id(found: str, wanted: str, key: str) -> None:
    """Require the id of the thing that was requested."""
    if found != wanted:
        raise UnexpectedResult(Cause.WRONG_ID, key, f"{wanted!r}, as before", "another id")
