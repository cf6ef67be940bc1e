"""A clean step that is filled up, and one that is prolonged, raise no alarm and are proven."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.watch.kept_triggers import ORDER_FILE
from tests.faults.watch.filled_steps import StepFault
from tests.watched_hospital import RELEASE, WatchedHospital, start_watched_hospital

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


class AStepIsFilledUpFault(StepFault):
    """No harm: a canary of few requests gets what it needs by further probes."""

    share = 0.1
    dwell = 10.0
    longest = 60.0


class AStepIsProlongedFault(StepFault):
    """No harm: a canary of few requests is live until it has enough answers."""

    paths = "longest_gap_seconds = 3\npaths.search = 0.1\npaths.read = 0.05"
    dwell = 2.0
    longest = 60.0
    extra = 0.0


def ask(kind: type[StepFault], hospital: WatchedHospital) -> tuple[StepFault, list[Assessment]]:
    fault = kind()
    asked = fault.ask(hospital)["rollout"]
    found = [asked.assess_error_limit(), asked.assess_share(), asked.assess_errors()]
    order = hospital.record_folder / ORDER_FILE
    assert not order.exists(), order.read_text()
    assert not fault.ended.why
    for each in found:
        assert not each.findings, [str(one) for one in each.findings]
    assert not found[0].not_proven, [str(one) for one in found[0].not_proven]
    return fault, found


def test_further_probes_prove_a_step_in_its_time(announced: dict[str, Any], tmp_path: Path) -> None:
    """No trigger hears of them, and the night's record of the service is without them."""
    hospital = WatchedHospital(announced, tmp_path)
    fault, (limit, share, _) = ask(AStepIsFilledUpFault, hospital)
    assert limit.figures["further probes"] > 20
    assert share.figures["pinned to the new release"] > 20
    assert fault.ended.step.lived_seconds(0) < fault.dwell + 5
    begins, ends = fault.ended.step.begins, fault.ended.step.ends or 0.0
    night = hospital.ask(begins, ends)
    assert not any(one.is_extra for one in night.continuity.results)
    pinned = [one for one in night.record.results if one.is_pinned]
    assert {one.release for one in pinned} == {RELEASE}
    assert {one.path for one in pinned} <= {"read-pinned", "search-pinned", "download-pinned"}
    # The need ends them, and not the cap: a few may be under way then.
    assert len(pinned) <= 61 + 8


def test_a_step_with_few_answers_goes_on_until_it_has_enough(
    announced: dict[str, Any], tmp_path: Path
) -> None:
    fault, (limit, _, _) = ask(AStepIsProlongedFault, WatchedHospital(announced, tmp_path))
    assert limit.figures["further probes"] == 0
    assert fault.dwell < fault.ended.step.lived_seconds(0) < fault.longest
    assert fault.ended.missing == ""
