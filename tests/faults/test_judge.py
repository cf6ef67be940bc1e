"""The judge of a gate of single files: what it must say of made-up verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.item_files import files_of_item
from tests.faults.judge import FUNCTIONAL, find_problems
from tests.faults.results import Verdict
from tests.selection import further

FILES = ("smoke/test_visits.py",)


class _VisitsFail(FunctionalFault):
    """A visit is not opened."""

    item = "visit-creation"


def _verdict(**outcomes: str) -> Verdict:
    """Return a verdict of one file: each item has one check in it, and one that was not run."""
    named = {name.replace("_", "-"): outcome for name, outcome in outcomes.items()}
    items = {item: _item(item, named.get(item, "passed")) for item in FUNCTIONAL}
    return Verdict(1, "NO-GO", 1.0, items, "")


def _item(item: str, outcome: str) -> Mapping[str, Any]:
    checks = {f"{item}::asked": outcome, f"{item}::not asked": "not proven"}
    return {
        "outcome": outcome if outcome == "failed" else "not proven",
        "checks": [{"check": check, "outcome": ended} for check, ended in checks.items()],
    }


def test_what_was_not_asked_is_nobodys() -> None:
    assert not find_problems(_VisitsFail, _verdict(visit_creation="failed"), FILES)


@pytest.mark.parametrize(
    "outcomes",
    [
        {"visit_creation": "passed"},
        {"visit_creation": "failed", "document_upload": "failed"},
        further({"visit_creation": "failed", "document_upload": "error"}),
    ],
)
def test_a_fault_that_was_missed_or_laid_to_another_item_is_told(outcomes: dict[str, str]) -> None:
    assert find_problems(_VisitsFail, _verdict(**outcomes), FILES)


def test_the_files_of_an_item_are_those_with_its_checks() -> None:
    assert files_of_item("key-tables") == ("migrations/test_schema.py",)
    assert {"smoke/test_visits.py", "smoke/test_documents.py"} <= {
        *files_of_item("acknowledged-writes")
    }
    with pytest.raises(LookupError):
        files_of_item("team-briefing")
