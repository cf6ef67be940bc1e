"""Properties of the triggers: no order of gaps fires earlier, and no longer trouble un-fires."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from cutover_gates.core.triggers.evaluation import Evaluation, ShareReading
from cutover_gates.core.triggers.trigger_names import TriggerState, TriggerValue
from tests.unit.core.triggers.trigger_courses import (
    ERRORS,
    PROBES,
    SHORT,
    first_firing,
    health_course,
    run_course,
    share_course,
)

BAD = st.sampled_from([0, 5, 10, 11, 12, 30, 500, 1_000])
COURSES = st.lists(BAD, min_size=20, max_size=60)
RUNS = st.lists(
    st.tuples(st.sampled_from([11, 30, 1_000]), st.integers(1, 30)), min_size=1, max_size=5
)
TRIED = 60


def _hide(course: Sequence[int], hidden: Sequence[bool]) -> list[int | None]:
    pairs = zip(course, hidden, strict=True)
    return [None if is_hidden else count for count, is_hidden in pairs]


@settings(max_examples=TRIED, deadline=None)
@given(runs=RUNS, data=st.data())
def test_gaps_in_a_trouble_never_fire_earlier(
    runs: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Whatever part of a trouble is unseen, the decision is not earlier than with sight of all."""
    course = [0] * 12 + [bad for bad, times in runs for _ in range(times)] + [0] * 12
    gaps = data.draw(st.lists(st.booleans(), min_size=len(course), max_size=len(course)))
    is_trouble = [bad > 10 for bad in course]
    hidden = [gap and bad for gap, bad in zip(gaps, is_trouble, strict=True)]
    seen = first_firing(share_course(course), SHORT)
    assert first_firing(share_course(_hide(course, hidden)), SHORT) >= seen


@settings(max_examples=TRIED, deadline=None)
@given(course=COURSES, data=st.data())
def test_what_is_unseen_never_counts_as_trouble(course: list[int], data: st.DataObject) -> None:
    """Hiding what was bad is not earlier than replacing all that is hidden by the worst."""
    hidden = data.draw(st.lists(st.booleans(), min_size=len(course), max_size=len(course)))
    pairs = list(zip(course, hidden, strict=True))
    worst = [1_000 if is_hidden else bad for bad, is_hidden in pairs]
    first = first_firing(share_course(_hide(course, hidden)), SHORT)
    assert first >= first_firing(share_course(worst), SHORT)


@settings(max_examples=TRIED, deadline=None)
@given(course=COURSES, more=COURSES)
def test_what_fired_stays_fired(course: list[int], more: list[int]) -> None:
    machine, fired = run_course(share_course(course), SHORT)
    longer, again = run_course(share_course(course + more), SHORT)
    assert again[: len(fired)] == fired
    if fired:
        assert machine.firings[0] == longer.firings[0]
        assert all(each.state is TriggerState.FIRED for each in longer.conditions.values())


@settings(max_examples=TRIED, deadline=None)
@given(bad=st.sampled_from([11, 15, 100, 1_000]), length=st.integers(1, 40))
def test_a_steady_trouble_fires_exactly_when_it_is_long_enough(bad: int, length: int) -> None:
    # The trouble begins 55 s after the first evaluation.
    course = share_course([0] * 12 + [bad] * length + [0] * 20)
    is_long_enough = length * 5 >= SHORT.error_seconds
    assert first_firing(course, SHORT) == (55 + SHORT.error_seconds if is_long_enough else inf)


@settings(max_examples=TRIED, deadline=None)
@given(course=COURSES)
def test_nothing_fires_before_its_duration(course: list[int]) -> None:
    assert first_firing(share_course(course), SHORT) >= SHORT.error_seconds - 5


@settings(max_examples=TRIED, deadline=None)
@given(signs=st.text("OF", min_size=4, max_size=40), data=st.data())
def test_unseen_failures_never_fire_earlier(signs: str, data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.booleans(), min_size=len(signs), max_size=len(signs)))
    hidden = "".join(
        "?" if gap and sign == "F" else sign for sign, gap in zip(signs, gaps, strict=True)
    )
    assert first_firing(health_course(hidden)) >= first_firing(health_course(signs))


@settings(max_examples=TRIED, deadline=None)
@given(signs=st.text("OF?", min_size=4, max_size=23))
def test_health_needs_four_failures_without_an_answer_between(signs: str) -> None:
    """What is unknown for less than two minutes is passed over."""
    fires = first_firing(health_course(signs)) < inf
    assert fires == ("FFFF" in signs.replace("?", ""))


def _readings(seconds: float, ends: Sequence[float]) -> list[Evaluation]:
    """Return evaluations with 50 % of errors whose readings end at `ends`."""
    return [
        Evaluation(end, (ShareReading(ERRORS, 500, 1_000, seconds, end),), {PROBES: True})
        for end in ends
    ]


def test_a_source_that_sees_three_of_five_seconds_is_not_five_minutes() -> None:
    """What is missing adds up, though each piece is short."""
    course = _readings(3.0, [5.0 * n for n in range(1, 80)])
    machine, fired = run_course(course)
    assert not fired
    assert machine.unproven


def test_a_source_that_counts_seconds_twice_hides_no_gap() -> None:
    ends = [5.0 * n for n in range(1, 31)] + [180.0 + 5.0 * n for n in range(1, 20)]
    assert first_firing(_readings(10.0, ends)) == inf


def test_jitter_of_evaluations_is_no_gap() -> None:
    ends = [5.0 * n + (0.4 if n % 2 else 0.0) for n in range(1, 63)]
    course = [Evaluation(end, (ShareReading(ERRORS, 500, 1_000),), {PROBES: True}) for end in ends]
    assert 295 <= first_firing(course) <= 305


def test_an_old_answer_is_unknown() -> None:
    """A source that says the same minute again and again proves nothing of the next."""
    course = [
        Evaluation(5.0 * n, (ShareReading(ERRORS, 0, 1_000, 5.0, min(5.0 * n, 60.0)),))
        for n in range(1, 40)
    ]
    (condition,) = run_course(course)[0].conditions.values()
    assert condition.value is TriggerValue.UNKNOWN


def test_an_answer_of_the_future_is_unknown() -> None:
    course = [
        Evaluation(5.0 * n, (ShareReading(ERRORS, 0, 1_000, 5.0, 5.0 * n + 30),))
        for n in range(1, 40)
    ]
    (condition,) = run_course(course)[0].conditions.values()
    assert condition.value is TriggerValue.UNKNOWN


def test_readings_that_are_late_by_a_known_delay_decide_the_same() -> None:
    course = [
        Evaluation(5.0 * n, (ShareReading(ERRORS, 500, 1_000, 5.0, 5.0 * n - 7),))
        for n in range(1, 80)
    ]
    assert first_firing(course) == first_firing(share_course([500] * 79))
