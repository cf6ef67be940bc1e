"""The reasons that a verdict gives."""

from __future__ import annotations

from cutover_gates.core.findings import describe_finding
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome
from cutover_gates.reporting.left_out import ReasonLine
from cutover_gates.reporting.reasons import MAX_CAUSES, MAX_DETAILS, list_reasons
from tests.unit.reporting.sample_findings import broken_check, orphan
from tests.unit.reporting.sample_verdicts import decision, sample_verdict
from tests.unit.reporting.test_causes import verdict_of

MANY = Plan(
    tuple(Item(f"item-{number}", "S", "T", ("phase3",), "check", "smoke") for number in range(30))
)


def naming(reasons: list[ReasonLine], *words: str) -> list[int]:
    """Return for each word the number of the one reason that names it."""
    found = [[n for n, reason in enumerate(reasons) if word in reason.text] for word in words]
    assert all(len(numbers) == 1 for numbers in found), found
    return [numbers[0] for numbers in found]


def test_the_most_important_reason_stands_first() -> None:
    """Faults of the run, then failures, errors, what is not proven, rejected decisions, waivers."""
    reasons = list_reasons(
        sample_verdict(
            {"doors": Outcome.ERROR, "patients": Outcome.FAILED, "redis": Outcome.NOT_PROVEN},
            run_errors=("the run was cut off",),
            signed=False,
            waived=(decision("doors", by="Ben"), decision("redis", by="Ada")),
        )
    )
    assert naming(reasons, "cut off", "patients", "told", "Ben", "Ada") == [0, 1, 3, 4, 5]
    assert reasons[2].text.startswith("doors")
    assert len(reasons) == 6


def test_a_failed_item_shows_title_subject_expected_and_actual() -> None:
    """In full, whatever its length."""
    found = "x" * 400
    (reason,) = list_reasons(verdict_of(broken_check("rows", "patients", orphan(found=found))))
    assert "patients" in reason.text
    assert "The title of rows" in reason.text
    assert describe_finding(orphan(found=found)) in [line.strip() for line in reason.details]


def test_a_fault_of_the_run_is_not_told_again_by_each_item() -> None:
    """One file that cannot be collected may break ten items."""
    broken = {"doors": Outcome.ERROR, "patients": Outcome.ERROR}
    reasons = list_reasons(
        sample_verdict(broken, why="smoke/x.py has no end", run_errors=("smoke/x.py has no end",))
    )
    assert naming(reasons, "smoke/x.py has no end", "doors, patients") == [0, 1]
    assert len(reasons) == 2


def test_the_reasons_stay_few() -> None:
    """What is left out of thirty failures and twenty faults is counted and named."""
    checks = [
        broken_check("x", item.id, why="\n".join(f"{item.id} {line}" for line in range(99)))
        for item in MANY.items
    ]
    reasons = list_reasons(verdict_of(*checks, plan=MANY))
    assert len(reasons) == MAX_CAUSES + 1
    assert all(len(reason.details) <= MAX_DETAILS + 1 for reason in reasons)
    assert f"item-{MAX_CAUSES}" in reasons[-1].text
    faults = list_reasons(
        sample_verdict(run_errors=tuple(f"hold {number}" for number in range(20)))
    )
    assert len(faults) == 4
    assert "17" in faults[-1].text


def test_equal_texts_take_one_line() -> None:
    """A run that proved nothing stays readable."""
    open_items = dict.fromkeys(("doors", "patients", "redis"), Outcome.NOT_PROVEN)
    (reason,) = list_reasons(sample_verdict(open_items))
    assert "doors, patients, redis" in reason.text
    assert "3" in reason.text
    assert reason.details == ("it broke",)


def test_what_does_not_apply_takes_one_line() -> None:
    """The captain cannot do anything about it."""
    absent = {"redis": Outcome.NOT_APPLICABLE}
    reasons = list_reasons(sample_verdict(absent))
    assert naming(reasons, "redis") == [1]


def test_a_gate_without_items_says_so() -> None:
    """NO-GO always has a reason."""
    (reason,) = list_reasons(sample_verdict(gate="contract"))
    assert reason.text
    assert not reason.details
