"""`--check-mapping` walks a driver of somebody's own as it walks a mapping: by the `Hospital`
protocol only.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.drivers.mapping_check.causes import Cause
from tests.faults.hospitals import Hospital
from tests.integration.mapping_check import own_driver
from tests.integration.mapping_check.check_run import MappingCheckResult, check_mapping_of, settings
from tests.integration.mapping_check.mapping_mistakes import Mistake

SOURCE = Path(own_driver.__file__)
KEY = next(
    number
    for number, line in enumerate(SOURCE.read_text(encoding="utf-8").splitlines(), 1)
    if 'answer["patient"]' in line
)


def with_driver(
    name: str, hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> MappingCheckResult:
    head = f'url = "{hospital.url}"\nrelease = "2.0.0"\ndriver = "{own_driver.__name__}:{name}"'
    (folder / "cutover.toml").write_text(
        settings(Mistake(name, "", head=head), hospital.url), encoding="utf-8"
    )
    return check_mapping_of(folder / "cutover.toml", capsys)


def test_a_whole_one_is_walked_to_its_end(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = with_driver("Whole", open_hospital, folder, capsys)
    assert (told.status, told.diagnoses) == (0, []), told.text


@pytest.mark.parametrize(
    ("name", "cause", "place", "actual"),
    [
        (
            "ForgotAKey",
            Cause.DRIVER_ERROR,
            f"own_driver.py, line {KEY}, register",
            "KeyError: 'patient'",
        ),
        ("ToldNothing", Cause.DRIVER_ERROR, "the driver's search", "TypeError: "),
        ("AnswersOfAnother", Cause.CHANGED_CONTENT, "driver", "15 other bytes"),
    ],
)
def test_a_mistake_in_it_is_one_sentence(
    name: str,
    cause: Cause,
    place: str,
    actual: str,
    open_hospital: Hospital,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line of its source, where it raised what the protocol does not know.

    The walk goes on with what does not need it.
    """
    told = with_driver(name, open_hospital, folder, capsys)
    assert told.status == 1
    diagnosis = told.diagnoses[0]
    assert diagnosis.cause is cause, told.text
    assert place in diagnosis.location
    assert diagnosis.actual.startswith(actual)
    assert "Traceback" not in told.text
    assert "sign out" in told.text


def test_a_half_one_is_told_before_anything_is_asked(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = with_driver("Half", open_hospital, folder, capsys)
    assert told.status == 4
    assert f"driver = '{own_driver.__name__}:Half': has no method attempt" in told.text
    assert "\n" not in told.text
