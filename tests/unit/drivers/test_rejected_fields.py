"""A rejection in a gate names the field of the mapping that it complains of, as the check does."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.rest.mapping import default_table, load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import PatientDraft, Rejected, Session, Sex

DRAFT = PatientDraft("m-1", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE)


def rejection(
    status: int, answer: Any, body: dict[str, Any] | None = None, *, production: bool = False
) -> str:
    """What is said of a registration that is answered so."""
    table = default_table()
    if body is not None:
        table["operations"]["register"]["json"] = body
    redactor = Redactor()
    if production:
        redactor.withhold_target_text()
    driver = RestDriver(
        "http://hospital.example",
        load_mapping(table, "cutover.toml"),
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, json=answer))),
        run_tag="t",
        recorder=Recorder(redactor),
    )
    with pytest.raises(Rejected) as raised:
        driver.register(Session("registrar", "token"), DRAFT)
    return str(raised.value)


NAMED: dict[str, tuple[Any, str]] = {
    "a list of fields": (
        {"detail": "no", "errors": [{"field": "sex", "message": "no such word"}]},
        "it complains of sex (cutover.toml: operations.register.json.sex)",
    ),
    "a map of fields": (
        {"birth_date": ["This field is required."]},
        "it complains of birth_date (cutover.toml: operations.register.json.birth_date)",
    ),
    "a dotted place": (
        {"detail": "no", "loc": "body.family_name"},
        "it complains of family_name (cutover.toml: operations.register.json.family_name)",
    ),
}


@pytest.mark.parametrize(("answer", "says"), NAMED.values(), ids=NAMED)
def test_the_field_is_named_with_its_line(answer: Any, says: str) -> None:
    assert says in rejection(422, answer)


def test_a_field_of_an_object_has_its_place() -> None:
    body = {"person": {"contact": {"tel": "{{ draft.phone }}"}}}
    said = rejection(400, {"errors": {"tel": ["wrong"]}}, body)
    assert "it complains of tel (cutover.toml: operations.register.json.person.contact.tel)" in said


def test_without_a_field_nothing_is_said_of_one() -> None:
    assert "it complains of" not in rejection(422, {"detail": "no"})
    assert "it complains of" not in rejection(422, [])


def test_another_reason_names_no_field() -> None:
    """Who may not do this has no field wrong."""
    assert "it complains of" not in rejection(403, {"detail": "no", "field": "sex"})


def test_on_production_only_the_name_of_our_own_field_is_said() -> None:
    said = rejection(
        422, {"detail": "Real Person is known", "errors": [{"field": "mrn"}]}, production=True
    )
    assert "it complains of mrn" in said
    assert "Real Person" not in said
