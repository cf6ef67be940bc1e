"""Moments in templates: `now`, offsets from it, and their forms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.rest.mapping import default_table, load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.drivers.rest.template_moments import MOMENT_FUNCTIONS
from cutover_gates.drivers.rest.templates import TemplateFault, render
from cutover_gates.hospital import MappingError, Session

NOW = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
VARIABLES = {**MOMENT_FUNCTIONS, "now": NOW, "day": date(1987, 3, 4)}
FORMS: dict[str, Any] = {
    "{{ now + hours(1) | iso }}": "2026-12-01T00:30:00Z",
    "{{ (now + hours(1)) | iso }}": "2026-12-01T00:30:00Z",
    "{{ now - days(2) | date }}": "2026-11-28",
    "{{ now + minutes(45) | iso('Europe/Berlin') }}": "2026-12-01T01:15:00+01:00",
    "{{ now | date('Asia/Tokyo') }}": "2026-12-01",
    "{{ now + seconds(1) | epoch }}": 1796081401,
    "{{ now | epoch_ms }}": 1796081400000,
    "{{ now + weeks(1) | http_date }}": "Mon, 07 Dec 2026 23:30:00 GMT",
    "{{ now + days(1) + hours(2) | strftime('%d.%m.%Y %H:%M') }}": "02.12.2026 01:30",
    "at {{ now | iso }}": "at 2026-11-30T23:30:00Z",
    "{{ day | iso }}": "1987-03-04",
    "{{ now }}": NOW,
}
MISTAKES = {
    "{{ hours(1) | iso }}": "an offset is no moment: write {{ now + hours(1) | iso }}",
    "at {{ hours(1) | iso }}": "an offset is no moment",
    "{{ 'today' | iso }}": "a str is no moment",
    "{{ day | epoch }}": "a date has no time of day",
    "{{ now | iso('Nowhere') }}": "no time zone is called 'Nowhere'",
    "{{ now + 1 }}": "unsupported operand",
    "{{ now + days(10 ** 12) }}": "OverflowError",
    "{{ now | isoo }}": "there is no filter 'isoo'. Did you mean 'iso'?",
}


@pytest.mark.parametrize("template", FORMS)
def test_a_moment_has_the_form_that_is_asked_for(template: str) -> None:
    assert render(template, VARIABLES) == FORMS[template]


@pytest.mark.parametrize("template", MISTAKES)
def test_what_is_no_moment_says_so(template: str) -> None:
    with pytest.raises(TemplateFault) as raised:
        render(template, VARIABLES)
    assert MISTAKES[template] in str(raised.value)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ now + hour(1) | iso }}", "there is no variable 'hour' here; did you mean 'hours'?"),
        ("{{ hours(1) | iso }}", "an offset is no moment"),
        ("{{ now + 1 }}", "unsupported operand"),
        ("at {{ now | isoo }}", "there is no filter 'isoo'. Did you mean 'iso'?"),
    ],
)
def test_a_mistake_is_found_before_anything_is_asked(template: str, says: str) -> None:
    """It names the key and the template, as every mistake of a mapping does."""
    table = default_table()
    table["operations"]["open_visit"]["json"]["end"] = template
    with pytest.raises(MappingError) as raised:
        load_mapping(table, "cutover.toml")
    sentence = str(raised.value)
    assert sentence.startswith(f"cutover.toml: operations.open_visit.json.end = {template!r}: ")
    assert says in sentence
    assert "\n" not in sentence


def test_all_of_a_request_knows_one_moment() -> None:
    """A start in the query, an end in the body and a header never disagree about what is now."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        visit = {"id": "v", "patient_id": "p", "status": "open", "reason": "r"}
        return httpx.Response(201, json=visit)

    table = default_table()
    table["headers"] = {"X-At": "{{ now | epoch }}"}
    step = table["operations"]["open_visit"]
    step["query"] = {"at": "{{ now | epoch }}"}
    step["json"] = {"from": "{{ now | epoch }}", "to": "{{ now + hours(1) | epoch }}"}
    step["let"] = {"begin": "{{ now | epoch }}"}
    step["headers"] = {"X-Begin": "{{ begin }}"}
    client = httpx.Client(transport=httpx.MockTransport(answer))
    driver = RestDriver(
        "http://hospital.example", load_mapping(table), client, run_tag="t", recorder=Recorder()
    )
    driver.open_visit(Session("nurse", "token"), "p", "r")
    (request,) = sent
    body = httpx.Response(200, content=request.read()).json()
    moment = body["from"]
    assert body["to"] == moment + 3600
    assert request.url.params["at"] == str(moment)
    assert (request.headers["X-At"], request.headers["X-Begin"]) == (str(moment), str(moment))
