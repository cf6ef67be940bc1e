"""A baseline is a good run's, of the same target under the same load on the same machine, and not
old. Everything else is refused in a sentence.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.performance import BaselineSettings, Performance
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.load.load_baseline import LoadBaselines

FACTS: dict[str, Any] = {
    "requests": 5000,
    "judged_seconds": 50.0,
    "operations": [{"name": "search", "p50": [0.010, 0.009, 0.011]}],
}


@pytest.fixture
def baselines(tmp_path: Path) -> LoadBaselines:
    return LoadBaselines(
        tmp_path,
        "staging",
        "1.9",
        "https://staging.example",
        Performance(baseline=BaselineSettings(name="before")),
        "def registrar(): ...",
    )


def now(median: float) -> dict[str, Any]:
    return {
        **FACTS,
        "operations": [{"name": "search", "p50": [median, median * 0.9, median * 1.1]}],
    }


def test_a_good_run_is_recorded_and_compared_with(baselines: LoadBaselines) -> None:
    name, facts = baselines.record(FACTS, [])
    assert (name, facts["release"], facts["name"]) == ("before.json", "1.9", "before")
    later = replace(baselines, release="2.0")
    assert later.load_medians() == {"search": (0.009, 0.011)}
    told = later.compare(now(0.022))
    assert told["baseline"]["release"] == "1.9"
    assert told["ratios"] == {"search": [2.2, 1.8, 2.689]}


def test_a_bad_run_never_becomes_one(baselines: LoadBaselines) -> None:
    baselines.record(FACTS, [])
    with pytest.raises(NotProven, match=r"no good one.*p95 of search"):
        baselines.record(now(0.5), ["p95 of search is not within 0.5 s"])
    assert baselines.load_medians() == {"search": (0.009, 0.011)}


@pytest.mark.parametrize(
    "other",
    [
        {"target": "production"},
        {"address": "https://other.example"},
        {"journeys": "def clerk(): ..."},
        {"performance": Performance(rate=7, baseline=BaselineSettings(name="before"))},
    ],
)
def test_another_target_or_load_is_refused(baselines: LoadBaselines, other: dict[str, Any]) -> None:
    baselines.record(FACTS, [])
    changed = replace(baselines, **other)
    assert changed.load_medians() == {}
    with pytest.raises(NotProven, match="no measure here"):
        changed.compare(FACTS)


def test_what_is_asked_of_the_answers_may_change(baselines: LoadBaselines) -> None:
    """Another objective, or another end of the run, is the same load."""
    baselines.record(FACTS, [])
    performance = Performance(
        baseline=BaselineSettings(name="before", ratio=3), max_seconds=400, error_rate=0.01
    )
    assert replace(baselines, performance=performance).load_medians()


def test_another_machine_is_refused(
    baselines: LoadBaselines, monkeypatch: pytest.MonkeyPatch
) -> None:
    baselines.record(FACTS, [])
    monkeypatch.setattr(
        "cutover_gates.probes.load.load_baseline.describe_machine", lambda: "a faster one"
    )
    with pytest.raises(NotProven, match="its machine is"):
        baselines.compare(FACTS)


def test_an_old_one_is_refused(baselines: LoadBaselines) -> None:
    baselines.record(FACTS, [])
    whole = json.loads(baselines.path.read_text())
    baselines.path.write_text(json.dumps({**whole, "recorded": "2020-01-01T00:00:00+00:00"}))
    with pytest.raises(NotProven, match="may be 72 h old"):
        baselines.compare(FACTS)


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "cannot be read"), ("[]", "no measure here"), ("{}", "no measure here")],
)
def test_a_spoiled_one_is_refused(baselines: LoadBaselines, text: str, says: str) -> None:
    baselines.path.write_text(text)
    with pytest.raises(NotProven, match=says):
        baselines.compare(FACTS)


def test_without_one_it_says_how_to_record_it(baselines: LoadBaselines) -> None:
    with pytest.raises(NotProven, match="record one with `pytest -m t1 --target staging`"):
        baselines.compare(FACTS)
    nameless = replace(baselines, performance=Performance())
    with pytest.raises(NotProven, match=r"set performance\.baseline\.name"):
        nameless.compare(FACTS)
    with pytest.raises(NotProven, match="no name"):
        nameless.record(FACTS, [])


def test_an_operation_that_it_does_not_hold_is_not_proven(baselines: LoadBaselines) -> None:
    baselines.record(FACTS, [])
    with pytest.raises(NotProven, match="nothing of upload"):
        baselines.compare(
            {**FACTS, "operations": [*FACTS["operations"], {"name": "upload", "p50": [1, 1, 1]}]}
        )
