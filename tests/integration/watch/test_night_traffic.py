"""Real traffic of a night in a real Prometheus: what is certain, failed, not proven, absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.observability.metrics import rules
from tests.scraped_night import ScrapedNight, scraped_night


@pytest.fixture
def night(tmp_path: Path) -> Iterator[ScrapedNight]:
    """Provide a night with both releases."""
    with scraped_night(tmp_path) as night:
        yield night


# All are thorough: test_night_counts.py tries each of them without a process.
def _rules_of(found: Assessment) -> tuple[set[str], set[str]]:
    return {one.rule.id for one in found.findings}, {one.rule.id for one in found.not_proven}


@pytest.mark.thorough
def test_a_clean_night_is_certain_and_health_checks_do_not_count(night: ScrapedNight) -> None:
    """A process that is killed and started again counts from zero, and its counts are kept."""
    night.old.tell("count", good=2_000, health=9_000)
    night.new.tell("count", good=1_000)
    night.wait_for_scrape()
    night.new.kill()
    night.new.start()
    night.new.tell("count", good=1_500)
    night.wait_for_scrape()
    found = night.ask().assess()
    # The seconds without a process are a large share of so short a night.
    assert _rules_of(found) in ((set(), set()), (set(), {rules.NIGHT_COUNTED.id}))
    assert found.figures["by release"] == {"1.9.0": [0, 2_000], "2.0.0": [0, 2_500]}


@pytest.mark.thorough
def test_so_few_requests_prove_nothing(night: ScrapedNight) -> None:
    night.new.tell("count", good=100)
    night.wait_for_scrape()
    found = night.ask().assess()
    assert _rules_of(found) == (set(), {rules.NIGHT_ERRORS.id})
    assert "3,735" in found.not_proven[0].actual


@pytest.mark.thorough
def test_a_night_that_nobody_scraped_from_its_begin_is_not_proven(night: ScrapedNight) -> None:
    night.new.tell("count", good=5_000)
    night.wait_for_scrape()
    found = night.ask(begins=night.begins - 60).assess()
    assert _rules_of(found) == (set(), {rules.NIGHT_COUNTED.id})


@pytest.mark.thorough
def test_an_instance_of_two_jobs_is_not_proven(tmp_path: Path) -> None:
    with scraped_night(tmp_path, twice=True) as night:
        night.new.tell("count", good=5_000)
        night.wait_for_scrape()
        found = night.ask().assess()
    assert rules.NIGHT_COUNTED.id in _rules_of(found)[1]
