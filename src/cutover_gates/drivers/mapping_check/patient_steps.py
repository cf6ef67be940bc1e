"""The steps that look at the target itself, at sessions, and at patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.check_context import CheckContext, UnexpectedResult
from cutover_gates.drivers.mapping_check.step_results import (
    format_own_value,
    list_two_pages,
    pick_entry,
)
from cutover_gates.hospital import Driver, Patient, PatientDraft, PatientQuery, Session
from cutover_gates.hospital.synthetic import token

SHOWN_DETAIL_CHARACTERS = 80
_AS_SENT = "as it was sent"
SHOWN_RELEASE_CHARACTERS = 40

# -- the target itself


def check_health(name: str) -> Callable[[CheckContext], None]:
    """Return the step that requires a healthy answer. `name` is live or ready."""

    def act(context: CheckContext) -> None:
        health = context.driver.live() if name == "live" else context.driver.ready()
        if not health.healthy:
            actual = f"one that says {health.detail[:SHOWN_DETAIL_CHARACTERS]!r}"
            key = f"operations.{name}.answer.healthy"
            expected = "a target that says it is healthy"
            raise UnexpectedResult(Cause.UNHEALTHY, key, expected, actual)

    return act


def release(context: CheckContext) -> None:
    """Require the release that the settings name."""
    reported = context.driver.release()
    if reported != context.release:
        expected = f"release {context.release}, as the settings say"
        actual = f"a target that says it is {reported[:SHOWN_RELEASE_CHARACTERS]!r}"
        raise UnexpectedResult(Cause.WRONG_RELEASE, "release", expected, actual)


def describe(context: CheckContext) -> None:
    """Require an API document with operations."""
    if not context.driver.operations():
        expected = "an OpenAPI document with operations"
        raise UnexpectedResult(
            Cause.NO_OPERATIONS, "operations.describe", expected, "one that has none"
        )
    for name, problem in context.driver.features.lost_meanings().items():
        expected = "a document that lists what [rest.parameters] names"
        key = f'parameters."{name.partition(" (")[0]}"'
        raise UnexpectedResult(Cause.LOST_OPERATION, key, expected, problem)


# -- sessions


def present_forged_token(context: CheckContext) -> None:
    """Read the patient with a token that nobody issued."""
    forged = Session("nobody", token() * 4, variables=context["registrar"].variables)
    context.driver.patient(forged, context["patient"].id)


def refresh(context: CheckContext) -> Session:
    """Renew the registrar's session. After a failure the session before it is still used."""
    refreshed = context.driver.refresh(context["registrar"])
    context.values["registrar"] = refreshed
    return refreshed


# -- patients


def register(context: CheckContext) -> Patient:
    """Register a patient, and compare the answer with what was sent."""
    patient = context.driver.register(context["registrar"], context.draft())
    return require_same(context, "register", context.draft(), patient)


def read_patient(context: CheckContext) -> Patient:
    """Read the patient, and compare with what was sent."""
    patient = context.driver.patient(context["registrar"], context["patient"].id)
    return require_same(context, "patient", context.draft(), patient)


def register_duplicate(context: CheckContext) -> None:
    """Register another patient with the same record number."""
    draft = replace(context.people.draft(), mrn=context["patient"].mrn)
    context.driver.register(context["registrar"], draft)


def register_namesake(context: CheckContext) -> Patient:
    """Register another patient with the same family name."""
    draft = replace(context.draft(), mrn=context.people.mrn(), given_name=f"Ngozi-{token()}")
    return context.driver.register(context["registrar"], draft)


def register_invalid(context: CheckContext) -> None:
    """Register a patient without a family name."""
    draft = replace(context.people.draft(), family_name="")
    context.driver.register(context["registrar"], draft)


def register_minimal(context: CheckContext) -> Patient:
    """Register a patient of whom almost nothing is known, and compare with what was sent."""
    draft = context.people.minimal_draft()
    context.values["minimal draft"] = draft
    patient = context.driver.register(context["registrar"], draft)
    return require_same(context, "register", draft, patient)


def read_minimal(context: CheckContext) -> Patient:
    """Read that patient, and compare with what was sent."""
    patient = context.driver.patient(context["registrar"], context["minimal patient"].id)
    return require_same(context, "patient", context["minimal draft"], patient)


def require_same(
    context: CheckContext, operation: str, draft: PatientDraft, found: Patient
) -> Patient:
    """Return `found` where it equals what was sent, as the mapping declares it is stored."""
    expected = context.driver.features.stored_form(draft)
    for field in fields(PatientDraft):
        wanted, actual = getattr(expected, field.name), getattr(found, field.name)
        if wanted != actual:
            # Where the mapping itself says what is stored, that line is the first to look at.
            is_declared = wanted != getattr(draft, field.name)
            raise UnexpectedResult(
                Cause.CHANGED_PATIENT,
                f"{'becomes' if is_declared else 'answers.patient'}.{field.name}",
                f"{field.name} = {str(wanted)!r}, {'as it becomes' if is_declared else _AS_SENT}",
                format_own_value(context, actual),
                operation=operation,
                field=field.name,
            )
    return found


def find(context: CheckContext, query: PatientQuery, parameter: str) -> Patient:
    """Search, and return the patient of this check from the result."""
    found = context.driver.search(context["registrar"], query)
    patient: Patient = context["patient"]
    return pick_entry(found, patient, "search", f"query.{parameter}")


def find_by_number(context: CheckContext) -> Patient:
    """Search by record number."""
    return find(context, PatientQuery(mrn=context["patient"].mrn), "mrn")


def find_by_name(context: CheckContext) -> Patient:
    """Search by family name."""
    return find(context, PatientQuery(name=context["patient"].family_name), "name")


def find_by_given_name(context: CheckContext) -> Patient:
    """Search by given name."""
    return find(context, PatientQuery(name=context["patient"].given_name), "name")


def find_by_birth_date(context: CheckContext) -> Patient:
    """Search by family name and birth date, and find nobody with another one."""
    name, day = context["patient"].family_name, context["patient"].birth_date
    patient = find(context, PatientQuery(name=name, birth_date=day), "birth_date")
    # Another year: some targets keep no more than that.
    other = PatientQuery(name=name, birth_date=day + timedelta(days=366))
    found = context.driver.search(context["registrar"], other)
    if any(entry.id == patient.id for entry in found):
        key, expected = "operations.search.query.birth_date", "nobody who was born a year later"
        raise UnexpectedResult(Cause.IGNORED_FILTER, key, expected, "the patient of this check")
    return patient


def search_for_nobody(context: CheckContext) -> None:
    """Search for a record number that nobody has."""
    found = context.driver.search(context["registrar"], PatientQuery(mrn=context.people.mrn()))
    if found:
        key, expected = "operations.search.query.mrn", "no patient: nobody has that number"
        raise UnexpectedResult(Cause.IGNORED_FILTER, key, expected, f"{len(found)} patients")


def turn_search_pages(context: CheckContext) -> None:
    """List the patients of one name in pages of one entry."""
    query = PatientQuery(name=context["patient"].family_name)

    def search(driver: Driver) -> Sequence[Any]:
        return driver.search(context["registrar"], query)

    list_two_pages(context, search, "search")


def update(context: CheckContext) -> Patient:
    """Correct the given name, and read the patient again."""
    changed: Patient = replace(context["patient"], given_name=f"Chiamaka-{token()}")
    context.driver.update(context["registrar"], changed)
    found = context.driver.patient(context["registrar"], changed.id)
    updated = require_same(context, "update", changed.draft, found)
    context.values["patient"] = updated
    return updated


def update_stale(context: CheckContext) -> None:
    """Store over the version before the correction."""
    stale = replace(context["first patient"], given_name="Stale")
    context.driver.update(context["registrar"], stale)
