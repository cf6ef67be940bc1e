"""Finds the settings and the plan of a run: those of the project, or else the shipped ones.

A project without a `cutover.toml` gets the demonstration: the embedded hospital, with the settings,
the plan, the waivers and the sign-offs that this package ships. Its reports stand in the project.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.loader import FILE_NAME, load_settings
from cutover_gates.config.settings import Settings
from cutover_gates.util.shipped_files import shipped_file, shipped_root


def load_run_settings(config: pytest.Config) -> Settings:
    """Return the settings of this run.

    `--cutover-config` is used where it is given, then `cutover.toml` in pytest's root folder, then
    the one in the folder in which pytest was called. Raises `SettingsError`.
    """
    option = config.option
    words = {"target": option.target, "release": option.release}
    for folder in (config.rootpath, config.invocation_params.dir):
        if option.cutover_config or (folder / FILE_NAME).is_file():
            return load_settings(option.cutover_config, folder, **words)
    return load_demonstration(config.rootpath, **words)


def load_demonstration(project: Path, **words: str | None) -> Settings:
    """Return the shipped settings, with the reports of the run in the folder `project`.

    A plan, waivers and sign-offs that stand in the folder go over the shipped ones. Raises
    `SettingsError`.
    """
    shipped = load_settings(shipped_file(FILE_NAME), shipped_root(), **words)
    own = {"reports": project / shipped.reports}
    for name in ("plan", "waivers", "signoffs"):
        path = project / getattr(shipped, name)
        if path.is_file():
            own[name] = path
    return shipped.model_copy(update=own)


def find_plan(settings: Settings, project: Path) -> Path:
    """Return the plan beside the settings file, or else that of the project, or else the shipped."""
    beside = settings.resolve_path(settings.plan)
    if beside.exists() or "plan" in settings.model_fields_set:
        return beside
    own = project / settings.plan
    return own if own.exists() else shipped_file("plan.toml")
