"""Rules of the result that the controller makes of the headers that each process judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from cutover_gates.config.headers import Headers
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.plugin import answer_headers
from cutover_gates.plugin.answer_headers import judge_answers, observe_answers
from cutover_gates.probes.api.headers import rules

ITEM, URL = "kept-answers", "http://hospital.example.org"
TARGET: Any = SimpleNamespace(url=URL)
LEAK = {"x-upstream": "10.0.0.7"}


class _Plan:
    """A plan whose one item looks at answers."""

    def with_role(self, role: str) -> tuple[SimpleNamespace, ...]:
        assert role == answer_headers.ROLE
        return (SimpleNamespace(id=ITEM),)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    folder = tmp_path / "run"
    folder.mkdir()
    redactor = Redactor()
    return SimpleNamespace(
        folders={"phase3": folder},
        first_folder=folder,
        ledgers=tmp_path / "ledgers",
        tag="run-1",
        worker="gw0",
        plan=_Plan(),
        requested_items=frozenset({ITEM}),
        redactor=redactor,
        recorder=Recorder(redactor),
        settings=SimpleNamespace(chosen_target=SimpleNamespace(headers=Headers())),
    )


def answer(run: Any, headers: Mapping[str, str], url: str = URL, token: str = "") -> None:
    shown = {"Authorization": "Bearer $TOKEN"} if token else {}
    extensions = RequestContext(shown_headers=shown).as_extensions()
    request = httpx.Request("GET", f"{url}/patients", extensions=extensions)
    run.recorder.record_answer(request, httpx.Response(200, headers=headers, request=request))


def judge_process(run: Any, name: str, *answers: Mapping[str, str]) -> None:
    run.worker = name
    with observe_answers(run, TARGET):
        for headers in answers:
            answer(run, headers)


def result_of(run: Any) -> CheckResult:
    (result,) = judge_answers(run)
    return result


def test_the_answers_of_all_processes_are_one_result(run: Any) -> None:
    judge_process(run, "gw0", LEAK, LEAK, {})
    judge_process(run, "gw1", LEAK)
    result = result_of(run)
    assert (result.outcome, result.items) == (Outcome.FAILED, frozenset({ITEM}))
    assert [(one.rule, one.count) for one in result.findings] == [(rules.INTERNAL_ADDRESS, 3)]
    assert result.evidence[0]["facts"] == {"answers": 4}
    assert list(run.first_folder.iterdir()) == []


def test_ordinary_answers_pass(run: Any) -> None:
    judge_process(run, "gw0", {"server": "nginx"})
    assert result_of(run).outcome is Outcome.PASSED


def test_a_run_without_an_answer_is_not_proven(run: Any) -> None:
    judge_process(run, "gw0")
    assert result_of(run).outcome is Outcome.NOT_PROVEN


def test_a_process_that_created_something_and_judged_nothing_is_not_proven(run: Any) -> None:
    judge_process(run, "gw0", {})
    ledger = Ledger(run.ledgers / "run-1-gw1.jsonl", "run-1", "tried")
    ledger.record_created(ledger.intend("visit", "pain", patient_id="p1"), "v1")
    ledger.release()
    result = result_of(run)
    assert result.outcome is Outcome.NOT_PROVEN
    assert [one.subject for one in result.findings] == ["gw1"]


def test_a_gate_that_asks_for_no_such_item_has_no_result(run: Any) -> None:
    judge_process(run, "gw0", LEAK)
    run.requested_items = frozenset()
    assert judge_answers(run) == []
    assert list(run.first_folder.iterdir()) == []


def test_answers_of_other_servers_and_without_a_body_are_not_the_targets(run: Any) -> None:
    with observe_answers(run, TARGET) as log:
        answer(run, LEAK, url="http://files.example.org")
        run.recorder.record_answer(httpx.Request("GET", URL), None)
        assert (log.count, log.findings()) == (0, ())
    answer(run, LEAK)
    assert log.count == 0


def test_what_is_answered_to_a_token_is_private(run: Any) -> None:
    with observe_answers(run, TARGET) as log:
        answer(run, {"cache-control": "public, max-age=5"}, token="t")
        assert [one.rule for one in log.findings()] == [rules.NOT_SHARED]


def test_a_block_captures_the_answers_of_its_own_thread(run: Any) -> None:
    with observe_answers(run, TARGET) as log:
        answer(run, {})
        with log.capture() as answers:
            answer(run, {"etag": '"1"'})
        answer(run, {})
    assert [one.headers.get("etag") for one in answers] == ['"1"']
