"""Rules of the mapping and its mistakes: each is one sentence that names the line to mend, and none
needs a target to be seen.
"""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.drivers.rest.mapping import default_table, load_mapping
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import MappingError


def changed(path: str, value: Any) -> dict[str, Any]:
    """The default dialect's table with one key set, or deleted with `...`."""
    table = copy.deepcopy(default_table())
    *place, last = path.split("/")
    there = table
    for name in place:
        there = there.setdefault(name, {})
    if value is ...:
        del there[last]
    else:
        there[last] = value
    return table


STEP = {"path": "/x"}
MISTAKES: dict[str, tuple[str, Any, str]] = {
    "misspelt operation": (
        "operations/serch",
        STEP,
        "operations.serch: not known; did you mean 'search'?",
    ),
    "missing operation": (
        "operations/search",
        ...,
        "operations.search: missing; map it, or say unsupported.search",
    ),
    "both mapped and unsupported": (
        "unsupported/search",
        "no",
        "unsupported.search = 'no': operations.search maps it",
    ),
    "unsupported without a reason": (
        "unsupported/retire_visit",
        " ",
        "unsupported.retire_visit = ' ': say why",
    ),
    "misspelt top key": (
        "base_pth",
        "/api",
        "base_pth = '/api': not known; did you mean 'base_path'?",
    ),
    "misspelt step key": (
        "operations/register/metod",
        "PUT",
        "operations.register.metod = 'PUT': not known; did you mean 'method'?",
    ),
    "misspelt token key": (
        "token/haeder",
        "X",
        "token.haeder = 'X': not known; did you mean 'header'?",
    ),
    "misspelt paging key": (
        "operations/search/paging/siez",
        1,
        "operations.search.paging.siez = 1: not known; did you mean 'size'?",
    ),
    "method that is none": (
        "operations/register/method",
        "PSOT",
        "operations.register.method = 'PSOT': Input should be 'GET'",
    ),
    "unknown variable": (
        "operations/register/path",
        "/x/{{ drafts.mrn }}",
        "there is no variable 'drafts' here; did you mean 'draft'?",
    ),
    "unknown attribute": (
        "operations/register/json/mrn",
        "{{ draft.mnr }}",
        "operations.register.json.mrn = '{{ draft.mnr }}': draft has no 'mnr'",
    ),
    "a variable of another operation": (
        "operations/patient/path",
        "/x/{{ draft.mrn }}",
        "there is no variable 'draft' here",
    ),
    "broken template": (
        "operations/patient/path",
        "/x/{{ patient.id }",
        "operations.patient.path = '/x/{{ patient.id }': not a template",
    ),
    "broken JMESPath": (
        "answers/patient/id",
        "data[",
        "answers.patient.id = 'data[': not a JMESPath",
    ),
    "broken condition": (
        "refusals/duplicate",
        {"where": "a =="},
        "refusals.duplicate.where = 'a ==': not a JMESPath",
    ),
    "unknown reason": (
        "refusals/duplicated",
        {"status": [409]},
        "refusals.duplicated: not known; did you mean 'duplicate'?",
    ),
    "rule that says nothing": (
        "refusals/duplicate",
        {},
        "refusals.duplicate: give a status, a where or a text",
    ),
    "missing refusal": ("refusals/unauthenticated", ..., "refusals.unauthenticated: missing"),
    "refusal of an unknown operation": (
        "refusals/stale",
        {"status": [412], "operations": ["updat"]},
        "'updat': not known; did you mean 'update'?",
    ),
    "unknown field": (
        "answers/patient/familyname",
        "x",
        "answers.patient.familyname: not known; did you mean 'family_name'?",
    ),
    "missing field": ("answers/patient/mrn", ..., "answers.patient.mrn: missing"),
    "unknown word": (
        "words/status/admited",
        "IN",
        "words.status.admited: not known; did you mean 'admitted'?",
    ),
    "one word for two": ("words/status/open", "admitted", "also stands for"),
    "neither path nor url": (
        "operations/patient/path",
        ...,
        "operations.patient: give either a path or a url",
    ),
    "path without a slash": ("operations/patient/path", "patients", "a path starts with a slash"),
    "two bodies": (
        "operations/register/form",
        {"a": "b"},
        "operations.register: give one of json, form, multipart, bytes",
    ),
    "capture never used": (
        "operations/patient/capture",
        {"etag": "header:ETag"},
        "operations.patient.capture.etag = 'header:ETag': captured, but never",
    ),
    "capture with a taken name": (
        "operations/update/capture",
        {"patient": "id"},
        "operations.update.capture.patient = 'id': that name is taken",
    ),
    "set-up capture never used": (
        "setup",
        [{"path": "/w", "capture": {"ward": "id"}}],
        "setup[0].capture.ward = 'id': captured, but never used",
    ),
    "list without items": ("operations/search/items", ..., "operations.search.items: missing"),
    "items where there is no list": (
        "operations/patient/items",
        "x",
        "operations.patient.items: this operation gives no list",
    ),
    "page that never turns": (
        "operations/visits_of/query",
        {},
        "operations.visits_of.paging.style = 'page': no request uses",
    ),
    "cursor without next": (
        "operations/search/paging",
        {"style": "cursor"},
        "operations.search.paging: styles cursor and link say in `next`",
    ),
    "wrong base to extend": (
        "extends",
        "fhir",
        "extends = 'fhir': the only dialect to extend is 'default'",
    ),
    "wrong type": ("operations/patient/expect", "200", "operations.patient.expect = '200':"),
}


@pytest.mark.parametrize(("path", "value", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_one_sentence_that_names_the_line(
    path: str, value: Any, sentence: str
) -> None:
    """Source, dotted key, the value given, and what is allowed or near."""
    with pytest.raises(MappingError) as told:
        load_mapping(changed(path, value), "cutover.toml")
    message = str(told.value)
    assert message.startswith("cutover.toml: ")
    assert sentence in message
    assert "\n" not in message


def test_the_default_dialect_is_a_mapping_without_mistakes() -> None:
    """It is what foreign teams copy."""
    assert load_mapping().is_default
    assert not load_mapping(default_table()).is_default


def test_a_mapping_may_say_only_what_differs_from_the_default() -> None:
    """Operations are replaced one by one, answers field by field, and an operation may be taken
    back.
    """
    table = {
        "extends": "default",
        "base_path": "/v2",
        "answers": {"patient": {"id": "patientId"}},
        "operations": {"sign_out": {"method": "DELETE", "path": "/session"}},
        "unsupported": {"cancel": "visits are never cancelled here"},
    }
    mapping = load_mapping(table)
    assert mapping.base_path == "/v2"
    assert mapping.answers["patient"]["id"] == "patientId"
    assert mapping.answers["patient"]["mrn"] == "mrn"
    assert mapping.operations["sign_out"].steps[0].method == "DELETE"
    assert "cancel" not in mapping.operations


PAGE = Path(__file__).parents[3] / "docs" / "target-protocol.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_in_the_documentation_is_a_mapping_without_mistakes(example: str) -> None:
    """What a newcomer copies must work."""
    table = tomllib.loads(example)["targets"]["mine"]["rest"]
    assert (
        load_mapping({"extends": "default", **table})
        .operations.keys()
        .isdisjoint(table.get("unsupported", {}))
    )


def test_the_documentation_speaks_of_every_operation() -> None:
    """One that is asked of a target, and not written down, would be found out at 2 a.m."""
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in OPERATIONS if f"`{name}`" not in page] == []
