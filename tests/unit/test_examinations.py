"""What a check makes of an examination: wrong is a finding, unseen is not proven, and nothing to
look at proves nothing.
"""

from __future__ import annotations

import pytest

from cutover.evidence import Examination, NotProven
from cutover.matchers import sound
from cutover.matchers.examinations import SHOWN

SEEN = ("patients", "visits")


def test_an_examination_without_findings_and_holes_is_sound() -> None:
    sound(Examination("rows", SEEN))


def test_a_finding_is_told() -> None:
    with pytest.raises(AssertionError, match="visits lost 3 rows"):
        sound(Examination("rows", SEEN, findings=("visits lost 3 rows",)))


def test_what_was_not_seen_is_not_proven() -> None:
    with pytest.raises(NotProven, match="documents was not counted"):
        sound(Examination("rows", SEEN, unproven=("documents was not counted",)))


def test_a_finding_goes_before_what_was_not_seen() -> None:
    """That something is broken matters more."""
    with pytest.raises(AssertionError, match="lost"):
        sound(
            Examination(
                "rows",
                SEEN,
                findings=("visits lost 3 rows",),
                unproven=("documents was not counted",),
            )
        )


def test_nothing_to_look_at_proves_nothing() -> None:
    with pytest.raises(NotProven, match="nothing to look at"):
        sound(Examination("rows", ()))


def test_of_many_findings_the_first_are_told_and_the_rest_counted() -> None:
    with pytest.raises(AssertionError) as error:
        sound(
            Examination(
                "rows", SEEN, findings=tuple(f"finding {number}" for number in range(SHOWN + 5))
            )
        )
    assert str(error.value).splitlines()[-1] == "… and 5 more"
