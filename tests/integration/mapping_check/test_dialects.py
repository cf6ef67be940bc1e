"""The hospitals of `tests/dialects`, which speak each in a way of its own, are walked to their end
by their teams' own settings.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.drivers.mapping_check.causes import Cause
from tests.dialects import running
from tests.dialects.fhir import judged
from tests.integration.mapping_check.check_run import check_mapping_of


@pytest.mark.parametrize("dialect", ["ward", "clinic", "rpc", "district", "county", "infirmary"])
def test_a_foreign_hospital_is_walked_to_its_end(
    dialect: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a mapping, or by a driver of its team's own.

    What it does not have is declared, and no stop.
    """
    with running.hospital(dialect) as opened:
        for name, value in running.gate_environment(opened).items():
            monkeypatch.setenv(name, value)
        told = check_mapping_of(running.settings(opened, tmp_path), capsys, target="tried")
    assert (told.status, told.diagnoses) == (0, []), told.text


def test_a_fhir_server_is_walked_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no mapping at all: the walk knows only the protocol."""
    with judged.hospital() as (opened, said):
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        told = check_mapping_of(running.settings(opened, tmp_path), capsys, target="tried")
    assert (told.status, told.diagnoses) == (0, []), told.text


def test_what_a_fhir_server_cannot_do_as_it_is_told_names_its_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line of a mapping is named where there is none: it is the way its clients sign in that is
    wrong.
    """
    with judged.hospital() as (opened, said):
        for name, value in {**said, "CUTOVER_TARGETS__TRIED__FHIR__AUTH": "none"}.items():
            monkeypatch.setenv(name, value)
        told = check_mapping_of(running.settings(opened, tmp_path), capsys, target="tried")
    assert told.status == 1
    failures = {result.step.title: result.diagnosis for result in told.results if result.diagnosis}
    diagnosis = failures["register a patient"]
    assert diagnosis.cause is Cause.TOKEN_REJECTED, told.text
    assert diagnosis.location == "cutover.toml: targets.tried.fhir.auth"
    assert "default_dialect.toml" not in told.text
