"""What a check makes of an examination: wrong is a finding, unseen is not proven, and nothing to
look at proves nothing.
"""

from __future__ import annotations

import pytest

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import MOST_LINES
from cutover_gates.hospital.matchers.expectations import NOTHING_CHECKED, assert_passed

SEEN = ("patients", "visits")


def test_an_examination_without_findings_and_holes_is_sound() -> None:
    assert_passed(Assessment("rows", SEEN))


def test_a_finding_is_told() -> None:
    with pytest.raises(AssertionError, match="visits lost 3 rows"):
        assert_passed(Assessment("rows", SEEN, findings=("visits lost 3 rows",)))


def test_what_was_not_seen_is_not_proven() -> None:
    with pytest.raises(NotProven, match="documents was not counted"):
        assert_passed(Assessment("rows", SEEN, not_proven=("documents was not counted",)))


def test_a_finding_goes_before_what_was_not_seen() -> None:
    """That something is broken matters more."""
    with pytest.raises(AssertionError, match="lost"):
        assert_passed(
            Assessment(
                "rows",
                SEEN,
                findings=("visits lost 3 rows",),
                not_proven=("documents was not counted",),
            )
        )


def test_nothing_to_look_at_proves_nothing() -> None:
    with pytest.raises(NotProven) as error:
        assert_passed(Assessment("rows", ()))
    assert [gap.rule for gap in error.value.gaps] == [NOTHING_CHECKED]


def test_of_many_findings_the_first_are_told_and_the_rest_counted() -> None:
    with pytest.raises(AssertionError) as error:
        assert_passed(
            Assessment(
                "rows",
                SEEN,
                findings=tuple(f"finding {number}" for number in range(MOST_LINES + 5)),
            )
        )
    assert str(error.value).splitlines()[-1] == "… and 5 more"
