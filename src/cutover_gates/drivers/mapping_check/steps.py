"""The steps of the mapping check, in their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cutover_gates.drivers.mapping_check import patient_steps
from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.chart_step_list import chart_steps_for
from cutover_gates.drivers.mapping_check.check_context import (
    CheckContext,
    CheckStep,
    UnexpectedResult,
)
from cutover_gates.hospital import Reason, Role, Unsupported
from cutover_gates.hospital.synthetic import make_unused_id


def _sign_in(role: Role) -> CheckStep:
    return CheckStep(
        f"sign in as {role.value}",
        "sign_in",
        lambda context: context.driver.sign_in(context[f"account of {role.value}"]),
        (f"account of {role.value}",),
        role.value,
    )


RECENTLY = timedelta(hours=1)
"""Longer than a walk takes, and than the clocks of two machines differ."""
_PATIENT, _REGISTRAR = "patient", "registrar"

PATIENT_STEPS: tuple[CheckStep, ...] = (
    CheckStep("is it alive", "live", patient_steps.check_health("live")),
    CheckStep("is it ready", "ready", patient_steps.check_health("ready")),
    CheckStep("which release is it", "release", patient_steps.release),
    CheckStep("its own description", "describe", patient_steps.describe),
    *(_sign_in(role) for role in Role),
    CheckStep(
        "sign in as nobody is refused",
        "sign_in",
        lambda context: context.driver.sign_in(context.people.unknown_credentials()),
        (_REGISTRAR,),
        rejections=(Reason.UNAUTHENTICATED,),
    ),
    CheckStep(
        "refresh the registrar's session",
        "refresh",
        patient_steps.refresh,
        (_REGISTRAR,),
        "refreshed",
    ),
    CheckStep("register a patient", "register", patient_steps.register, (_REGISTRAR,), _PATIENT),
    CheckStep(
        "read the patient", "patient", patient_steps.read_patient, (_PATIENT,), "first patient"
    ),
    CheckStep(
        "find the patient by number",
        "search",
        patient_steps.find_by_number,
        (_PATIENT,),
        "found",
    ),
    CheckStep(
        "find the patient by name",
        "search",
        patient_steps.find_by_name,
        (_PATIENT,),
    ),
    CheckStep(
        "find the patient by given name", "search", patient_steps.find_by_given_name, (_PATIENT,)
    ),
    CheckStep(
        "find the patient by birth date",
        "search",
        patient_steps.find_by_birth_date,
        (_PATIENT,),
        capability="search-by-birth-date",
    ),
    CheckStep("find nobody", "search", patient_steps.search_for_nobody, ("found",)),
    CheckStep(
        "register a patient of whom little is known",
        "register",
        patient_steps.register_minimal,
        (_REGISTRAR,),
        "minimal patient",
    ),
    CheckStep(
        "read that patient",
        "patient",
        patient_steps.read_minimal,
        ("minimal patient",),
    ),
    CheckStep(
        "register a namesake", "register", patient_steps.register_namesake, (_PATIENT,), "namesake"
    ),
    CheckStep(
        "turn the pages of a search",
        "search",
        patient_steps.turn_search_pages,
        ("found", "namesake"),
    ),
    CheckStep(
        "a number that is taken is refused",
        "register",
        patient_steps.register_duplicate,
        (_PATIENT,),
        rejections=(Reason.DUPLICATE,),
        capability="unique-record-numbers",
    ),
    CheckStep(
        "a patient without a name is refused",
        "register",
        patient_steps.register_invalid,
        (_PATIENT,),
        rejections=(Reason.INVALID,),
        capability="required-names",
    ),
    CheckStep(
        "a patient whom nobody knows is refused",
        "patient",
        lambda context: context.driver.patient(
            context[_REGISTRAR], make_unused_id(context[_PATIENT].id)
        ),
        (_PATIENT,),
        rejections=(Reason.NOT_FOUND,),
    ),
    CheckStep(
        "a made-up token is refused",
        "patient",
        patient_steps.present_forged_token,
        (_PATIENT,),
        rejections=(Reason.UNAUTHENTICATED,),
    ),
    CheckStep(
        "another facility's clinician is refused",
        "patient",
        lambda context: context.driver.patient(context["outsider"], context[_PATIENT].id),
        (_PATIENT, "outsider"),
        rejections=(Reason.FORBIDDEN, Reason.NOT_FOUND),
    ),
    CheckStep(
        "correct the patient", "update", patient_steps.update, ("first patient",), "corrected"
    ),
    CheckStep(
        "a correction of an old version is refused",
        "update",
        patient_steps.update_stale,
        ("corrected",),
        rejections=(Reason.STALE,),
        capability="versions",
    ),
)


def read_audit_log(context: CheckContext) -> None:
    """Read the entries of the patient, and require one of the registrar."""
    read = context.driver.features.audit_entries
    if read is None:
        raise Unsupported("audit", "its driver reads no audit log")
    entries = read(context["administrator"], context["patient"].id)
    if not entries:
        raise UnexpectedResult(
            Cause.MISSING_ENTRY, "operations.audit", "an entry about the patient", "none"
        )
    registrar = context["registrar"]
    names = {registrar.username, *map(str, registrar.variables.values())}
    if not any(entry.who & names for entry in entries):
        raise UnexpectedResult(
            Cause.WRONG_ID,
            "operations.audit.answer.username",
            "the name that the registrar signed in with, or a value that the sign-in captured",
            f"{len(entries)} entries of others",
        )


def read_newest_audit(context: CheckContext) -> None:
    """Read the newest entries of the registrar, whoever they are about, and require one."""
    read = context.driver.features.newest_audit_entries
    if read is None:
        raise Unsupported("newest_audit", "its driver reads no entries by account")
    registrar = context["registrar"]
    since = datetime.now(UTC) - RECENTLY
    entries = read(context["administrator"], registrar.username, since)
    names = {registrar.username, *map(str, registrar.variables.values())}
    if not any(entry.who & names for entry in entries):
        raise UnexpectedResult(
            Cause.MISSING_ENTRY,
            "operations.newest_audit",
            "an entry of the registrar, who has just worked",
            f"{len(entries)} entries of others",
        )


AUDIT_STEP = CheckStep(
    "read the audit log", "audit", read_audit_log, ("corrected", "administrator")
)
NEWEST_AUDIT_STEP = CheckStep(
    "read the newest entries of the audit log",
    "newest_audit",
    read_newest_audit,
    ("corrected", "administrator"),
)


def list_steps(context: CheckContext) -> tuple[CheckStep, ...]:
    """Return all steps: a step may use what an earlier one made."""
    # Without an audit log there are no newest entries either: that is declared once.
    audit = [AUDIT_STEP] if "audit" in context.unsupported else [AUDIT_STEP, NEWEST_AUDIT_STEP]
    return (*PATIENT_STEPS, *audit, *chart_steps_for(context.document_types))
