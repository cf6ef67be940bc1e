"""A project without settings gets the demonstration, and its own files go over the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.demonstration import load_demonstration
from cutover_gates.config.loader import load_settings
from cutover_gates.plugin.settings_files import (
    find_plan,
    load_run_settings,
    refuse_unnamed_plan,
)
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


@dataclass(frozen=True)
class _Call:
    """A call of pytest: its root folder, where it was called, and its words."""

    rootpath: Path
    called_in: Path
    config: Path | None = None

    def as_pytest(self) -> pytest.Config:
        """Return what the functions read of pytest's configuration."""
        words = ("target", "release", "previous_release", "production")
        option = SimpleNamespace(cutover_config=self.config, **dict.fromkeys(words))
        params = SimpleNamespace(dir=self.called_in)
        return cast(
            "pytest.Config",
            SimpleNamespace(rootpath=self.rootpath, option=option, invocation_params=params),
        )


def write(folder: Path, *names: str, text: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("where", ["ward", "ward/night"])
def test_two_settings_files_are_no_choice(tmp_path: Path, where: str) -> None:
    """One above the working folder won in silence. Also one between it and pytest's root counts."""
    write(tmp_path, "cutover.toml")
    write(tmp_path / "ward", "cutover.toml")
    write(tmp_path / where)
    call = _Call(tmp_path, tmp_path / where)
    with pytest.raises(SettingsError, match=r"ward/cutover.toml and .*may both be meant"):
        load_run_settings(call.as_pytest())


def test_settings_that_are_named_are_taken(tmp_path: Path) -> None:
    write(tmp_path, "cutover.toml")
    write(tmp_path / "ward", "cutover.toml")
    call = _Call(tmp_path, tmp_path / "ward", tmp_path / "ward" / "cutover.toml")
    assert load_run_settings(call.as_pytest()).resolve_path(Path()) == tmp_path / "ward"


def test_settings_above_are_taken_where_no_others_are(tmp_path: Path) -> None:
    write(tmp_path, "cutover.toml")
    write(tmp_path / "ward")
    settings = load_run_settings(_Call(tmp_path, tmp_path / "ward").as_pytest())
    assert settings.resolve_path(Path()) == tmp_path


def refuse(call: _Call) -> None:
    config = call.as_pytest()
    refuse_unnamed_plan(load_run_settings(config), config)


def test_a_deleted_plan_is_not_replaced_by_another(tmp_path: Path) -> None:
    """Neither by the shipped one, nor by that of the project."""
    write(tmp_path / "settings", "cutover.toml")
    write(tmp_path / "project")
    call = _Call(tmp_path / "project", tmp_path / "project", tmp_path / "settings" / "cutover.toml")
    with pytest.raises(SettingsError, match=r"has no plan.toml beside it"):
        refuse(call)
    write(tmp_path / "project", "plan.toml")
    with pytest.raises(SettingsError, match=r"has no plan.toml beside it"):
        refuse(call)
    write(tmp_path / "settings", "plan.toml")
    refuse(call)


def test_the_shipped_plan_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, "cutover.toml", text='plan = "shipped"')
    call = _Call(tmp_path, tmp_path)
    refuse(call)
    settings = load_run_settings(call.as_pytest())
    assert find_plan(settings, tmp_path) == shipped_file("plan.toml")


def test_a_plan_in_the_working_folder_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "cutover.toml", "plan.toml")
    write(tmp_path / "ward", "plan.toml")
    with pytest.raises(SettingsError, match=r"ward/plan.toml is not the plan of this run"):
        refuse(_Call(tmp_path, tmp_path / "ward"))


def test_an_empty_folder_is_judged_by_the_demonstration(tmp_path: Path) -> None:
    refuse(_Call(tmp_path, tmp_path))
