"""What a mapping says a patient becomes: each mistake in it names its key of `becomes`."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import MappingError, PatientDraft, Sex

DRAFT = PatientDraft("m-1", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE, "+49", "Bremen")


def stored(becomes: dict[str, Any]) -> PatientDraft:
    mapping = load_mapping({"extends": "default", "becomes": becomes}, "cutover.toml")
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
    driver = RestDriver("http://a.example", mapping, client, run_tag="t", recorder=Recorder())
    return driver.features.stored_form(DRAFT)


def test_a_field_becomes_what_its_template_gives() -> None:
    found = stored(
        {
            "birth_date": "{{ draft.birth_date.replace(month=1, day=1) }}",
            "family_name": "{{ draft.family_name | upper }}",
            "sex": "unknown",
            "phone": "{{ none }}",
        }
    )
    assert found == PatientDraft(
        "m-1", "OKAFOR", "Adaeze", date(1987, 1, 1), Sex.UNKNOWN, None, "Bremen"
    )


def test_a_date_may_be_given_as_text() -> None:
    assert stored({"birth_date": "{{ draft.birth_date.year ~ '-01-01' }}"}).birth_date == date(
        1987, 1, 1
    )


@pytest.mark.parametrize(
    ("field", "template", "says"),
    [
        ("birth_date", "{{ draft.birth_date.year }}", "gives a int, and a birth date is a date"),
        ("birth_date", "{{ draft.birth_date.replace(day=32) }}", "day"),
        ("family_name", "{{ draft.family_name.split(', ')[1] }}", "list"),
        ("family_name", "{{ draft.birth_date }}", "gives a date, and this field is a text"),
        ("sex", "{{ 'W' }}", "'W' is not a valid Sex"),
        ("phone", "{{ 5 }}", "gives a int, and this field is a text"),
    ],
)
def test_a_mistake_names_its_key(field: str, template: str, says: str) -> None:
    with pytest.raises(MappingError) as raised:
        stored({field: template})
    assert str(raised.value).startswith(f"cutover.toml: becomes.{field} = {template!r}: ")
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("field", "template", "says"),
    [
        ("famly_name", "x", "becomes.famly_name: not known; did you mean 'family_name'?"),
        ("family_name", "{{ draft.name }}", "becomes.family_name = '{{ draft.name }}': draft has"),
        (
            "family_name",
            "{{ draft.family_name | uper }}",
            "there is no filter 'uper'. Did you mean",
        ),
        ("birth_date", 5, "becomes.birth_date = 5: "),
    ],
)
def test_a_mistake_is_found_when_the_mapping_is_read(field: str, template: Any, says: str) -> None:
    with pytest.raises(MappingError) as raised:
        stored({field: template})
    assert says in str(raised.value)
