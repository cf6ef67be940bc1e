"""The examples of mappings survive a patient of whom almost nothing is known, and odd names.

What a newcomer copies is tried on everybody: a `split(', ')[1]` breaks on the first patient without
a given name.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.drivers.rest.templates import render
from cutover_gates.hospital import PatientDraft, Session
from cutover_gates.hospital.synthetic import NAMES, PatientFactory

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = PatientFactory("run-1")
DRAFTS = {
    "minimal": PEOPLE.minimal_draft(),
    "ordinary": PEOPLE.draft(),
    "longest": PEOPLE.longest_draft(),
    "no phone": replace(PEOPLE.draft(), phone=None, address=None),
    **{kind: PEOPLE.draft_with_name(kind) for kind in NAMES},
}


def _blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```toml\n(.*?)```", text, re.DOTALL)


def _hospital_page() -> dict[str, Any]:
    """The mapping of docs/your-hospital.md, as it has grown at the end of the page."""
    table = tomllib.loads("\n".join(_blocks("your-hospital.md")))
    return dict(table["targets"]["mine"]["rest"])


def _dialect(name: str) -> dict[str, Any]:
    text = (ROOT / "tests/dialects" / name / "cutover.toml").read_text(encoding="utf-8")
    target = tomllib.loads(text)["targets"]["tried"]
    absent = {name: "not there" for name in target["capabilities"] if name.startswith("retire")}
    rest = target["rest"]
    return {**rest, "unsupported": {**rest.get("unsupported", {}), **absent}}


MAPPINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "docs/your-hospital.md": _hospital_page,
    "ward": lambda: _dialect("ward"),
    "clinic": lambda: _dialect("clinic"),
}


def _keep(text: Any) -> Any:
    return text


def _trim(value: Any) -> Any:
    """What many backends do with a text."""
    return value.strip() if isinstance(value, str) else value


def _echo(change: Callable[[Any], Any]) -> Callable[[httpx.Request], httpx.Response]:
    """A hospital that gives back what it got, and has a ward and a department."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            entry = {"id": "1", "location": {"id": "2"}}
            return httpx.Response(200, json={"rows": [entry], "results": [entry]})
        sent = {name: change(value) for name, value in json.loads(request.read()).items()}
        sent |= {"id": "7", "no": "7", "revision": "1"}
        return httpx.Response(201, json={**sent, "patient": sent})

    return answer


@pytest.mark.parametrize("change", [_keep, _trim])
@pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_everybody_comes_back_as_they_were_sent(
    mapping: str, draft: PatientDraft, change: Callable[[Any], Any]
) -> None:
    driver = RestDriver(
        "http://hospital.example",
        load_mapping(MAPPINGS[mapping]()),
        httpx.Client(transport=httpx.MockTransport(_echo(change))),
        run_tag="run-1",
        recorder=Recorder(),
    )
    session = Session("registrar", "token", variables={"site": "s", "facility": "f"})
    stored = driver.features.stored_form(draft)
    found = driver.register(session, draft)
    # This hospital keeps names as they are, whatever the mapping says that the real one does.
    assert (found.family_name, found.given_name) == (draft.family_name, draft.given_name)
    assert (found.birth_date, found.sex) == (stored.birth_date, stored.sex)


def _reading_templates() -> Iterator[tuple[str, str]]:
    for page in ("target-protocol.md", "your-hospital.md", "fhir.md"):
        for block in _blocks(page):
            yield from re.findall(r'^(\w+_name) = "(\{\{ body.*?\}\})"', block, re.M)


@pytest.mark.parametrize(("field", "template"), list(_reading_templates()))
def test_every_template_that_takes_a_name_apart_bears_a_name_alone(
    field: str, template: str
) -> None:
    names = re.findall(r"body\.(\w+)", template)
    for text in ("X", "X,", "X, "):
        found = render(template, {"body": dict.fromkeys(names, text)})
        assert found.strip(",") == ("X" if field == "family_name" else "")
