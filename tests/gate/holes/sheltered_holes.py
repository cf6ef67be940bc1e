"""Holes in the shelter of a capability: what is declared absent hides something that is broken."""

from __future__ import annotations

from tests.gate.holes.catalogue import SIGN_IN, Change, Hole, both, file
from tests.gate.holes.left_out_holes import lacks

HEAD = """
import pytest
from cutover_gates.hospital import Answer, Reason, Rejected, Session
from cutover_gates.hospital.matchers import RoleSession
pytestmark = pytest.mark.plan("sign-in")

def refuse(reason):
    raise Rejected(reason, "no", Answer(400, {}, b""))

def test_people_sign_in(recorder, capabilities):
    recorder.observe("sign-in", status=200)
"""
"""A check of the sign-in that tries a capability."""
STRANGERS = "refusal-to-strangers"


def check(*lines: str) -> Change:
    """The sign-in check with these lines at its end."""
    return file(SIGN_IN, "\n".join([HEAD.rstrip(), *(f"    {line}" for line in lines), ""]))


def told_so(what: str) -> tuple[str, ...]:
    """A role's act that is answered so, by a session that lives and by a new one."""
    return (
        "session = RoleSession(Session('a', 'old'), lambda: Session('a', 'new'))",
        f"capabilities.require_role_refusal({what}, session, is_list=False)",
    )


LOST = (
    "stored = ['first']",
    "with capabilities.refusal('versions', Reason.STALE) as refusal:",
    "    stored.append('second')",
    "if refusal.is_missing:",
    "    stored.remove('second')  # the write that was acknowledged is lost",
    "    assert stored == ['second']",
    "    refusal.end_check()",
)
HOLES = [
    Hole(
        "an acknowledged write is lost where a later one may overwrite",
        change=both(lacks("versions"), check(*LOST)),
        outcome="failed",
        says="assert ['first'] == ['second']",
    ),
    Hole(
        "a list for strangers that is not empty",
        change=both(
            lacks(STRANGERS),
            check("capabilities.require_closed(lambda: [1], Reason.UNAUTHENTICATED, is_list=True)"),
        ),
        outcome="failed",
        says="found a list of 1",
    ),
    Hole(
        "an empty answer for a single record",
        change=both(
            lacks(STRANGERS),
            check("capabilities.require_closed(lambda: [], Reason.UNAUTHENTICATED, is_list=False)"),
        ),
        outcome="failed",
        says="expected a rejection as unauthenticated",
        thorough=True,
    ),
    Hole(
        "a role is told that nothing is there, and nobody declared it",
        change=check(*told_so("lambda session: refuse(Reason.NOT_FOUND)")),
        outcome="failed",
        says="expected a rejection as forbidden",
    ),
    Hole(
        "a session that has ended stands for the refusal of a role",
        change=check(
            *told_so(
                "lambda session: refuse(Reason.UNAUTHENTICATED) if session.access == 'old' else 'a'"
            )
        ),
        outcome="failed",
        says="the target did it",
    ),
]
