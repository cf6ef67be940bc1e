"""Load uses the same mapping and the same session pool.

Tokens are renewed under parallel use, and no account signs in too often.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.dialects import running
from tests.faults import gate_runs
from tests.faults.load.gate_on_fault import USUAL

LIVES = 4
"""Seconds of a token's life: shorter than a journey may take, and renewed several times in the
shortest run.
"""
SIGN_INS, WINDOW = 4, 3
ASKED = {
    **USUAL,
    "rate": 40,
    "processes": 2,
    "error_rate": 0.03,
    "objectives": {"p95": 1.0, "p99": None},
    "journeys": {
        "registrar": {"weight": 0},
        "clinician": {"weight": 1, "think_seconds": 1.0},
        "clerk": {"weight": 0},
    },
}
WITHOUT = dict.fromkeys(
    ("connection-pool", "resource-usage"), "the ward tells nothing of what it uses"
)
CLIENT = "sesame-open-the-door"
HEADERS = '\n[targets.tried.rest.headers]\nX-Ward-Client = "{{ secret.client }}"\n'
NO_BASELINE = "each hospital here is new: there is nothing to hold it against"
JVM_SECONDS = 24
"""So long that the county's heap is collected often enough to be judged."""


@pytest.mark.timeout(200)
@pytest.mark.thorough
def test_tokens_are_renewed_under_load_and_nobody_signs_in_too_often(tmp_path: Path) -> None:
    """No request carries an expired token, though each lives for seconds.

    The target counts the sign-ins, and rejects none.
    """
    with running.hospital(
        "ward", lives=LIVES, sign_ins=SIGN_INS, window=WINDOW, client=CLIENT
    ) as opened:
        config = running.settings(opened, tmp_path)
        text = config.read_text(encoding="utf-8").replace(
            "{ sign_ins = 30, seconds = 2 }", f"{{ sign_ins = {SIGN_INS}, seconds = {WINDOW} }}"
        )
        more = "\n".join(f'{name} = "{why}"' for name, why in WITHOUT.items())
        config.write_text(
            text.replace(
                "[targets.tried.not_applicable]", f"[targets.tried.not_applicable]\n{more}"
            )
            + HEADERS,
            encoding="utf-8",
        )
        told = {
            **running.gate_environment(opened),
            "CUTOVER_TARGETS__TRIED__PERFORMANCE": json.dumps(ASKED),
            "CUTOVER_TARGETS__TRIED__SECRETS__CLIENT": CLIENT,
            "CUTOVER_TARGETS__TRIED__UNSUPPORTED": json.dumps(
                {"baseline": NO_BASELINE, "retire_visit": "a stay goes with its person"}
            ),
        }
        verdict = gate_runs.run_gate(
            "phase3 and performance",
            config,
            told,
            tmp_path / "compiled",
            *gate_runs.PLAIN,
            seconds=150,
        )
        counted = json.loads(urlopen(f"{opened.url}/counted").read())
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output
    assert counted["renewals"] > 2, counted
    assert counted.get("too_often", 0) == 0, counted
    assert counted.get("not_inside", 0) == 0, counted


@pytest.mark.timeout(200)
@pytest.mark.thorough
def test_a_jvm_is_judged_by_what_its_metrics_page_tells(tmp_path: Path) -> None:
    """CPU time in nanoseconds, a heap that is a sawtooth and a pool by other names are judged.

    The page stands outside of the API, and settings alone say so.
    """
    asked = {**USUAL, "min_seconds": JVM_SECONDS, "max_seconds": 2 * JVM_SECONDS}
    with running.hospital("county") as opened:
        told = {
            **running.gate_environment(opened),
            "CUTOVER_TARGETS__TRIED__PERFORMANCE": json.dumps(asked),
            "CUTOVER_TARGETS__TRIED__UNSUPPORTED": json.dumps({"baseline": NO_BASELINE}),
        }
        verdict = gate_runs.run_gate(
            "phase3 and performance",
            running.settings(opened, tmp_path),
            told,
            tmp_path / "compiled",
            *gate_runs.PLAIN,
            seconds=150,
        )
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output
    judged = {name: verdict.outcome(name) for name in ("connection-pool", "resource-usage")}
    assert set(judged.values()) == {"passed"}, verdict.output
