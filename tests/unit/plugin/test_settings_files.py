"""A project without settings gets the demonstration, and its own files go over the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.demonstration import load_demonstration
from cutover_gates.config.loader import load_settings
from cutover_gates.plugin.settings_files import find_plan
from cutover_gates.util.shipped_files import shipped_file, shipped_root


def test_an_empty_project_has_the_shipped_settings(tmp_path: Path) -> None:
    """What is read comes from the package, and what is written goes to the project."""
    settings = load_demonstration(tmp_path)
    assert settings.target == "embedded"
    assert settings.chosen_target.not_applicable
    assert settings.resolve_path(settings.reports) == tmp_path / "reports" / "runs"
    for name in ("plan", "waivers", "signoffs"):
        assert settings.resolve_path(getattr(settings, name)) == shipped_file(f"{name}.toml")
    (scripts,) = settings.chosen_target.migrations.locations
    assert settings.resolve_path(scripts).is_relative_to(shipped_root())


@pytest.mark.parametrize("name", ["plan", "waivers", "signoffs"])
def test_a_file_of_the_project_goes_over_the_shipped_one(tmp_path: Path, name: str) -> None:
    own = tmp_path / f"{name}.toml"
    own.touch()
    settings = load_demonstration(tmp_path)
    assert settings.resolve_path(getattr(settings, name)) == own


def test_a_reports_folder_of_the_environment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTOVER_REPORTS", str(tmp_path / "elsewhere"))
    settings = load_demonstration(tmp_path / "project")
    assert settings.resolve_path(settings.reports) == tmp_path / "elsewhere"


def test_the_plan_is_the_one_beside_the_settings_or_the_shipped_one(tmp_path: Path) -> None:
    """A plan that the settings name is never replaced: a misspelt name is told."""
    path = tmp_path / "settings" / "cutover.toml"
    path.parent.mkdir()
    path.touch()
    project = tmp_path / "project"
    project.mkdir()
    settings = load_settings(path, tmp_path)
    assert find_plan(settings, project) == shipped_file("plan.toml")
    (project / "plan.toml").touch()
    assert find_plan(settings, project) == project / "plan.toml"
    (path.parent / "plan.toml").touch()
    assert find_plan(settings, project) == path.parent / "plan.toml"
    path.write_text('plan = "pla.toml"\n', encoding="utf-8")
    assert find_plan(load_settings(path, tmp_path), project) == path.parent / "pla.toml"
