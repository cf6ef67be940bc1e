"""Finds the settings and the plan of a run: those of the project, or else the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.demonstration import load_demonstration
from cutover_gates.config.loader import FILE_NAME, load_settings
from cutover_gates.config.settings import Settings
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.shipped_files import shipped_file


def load_run_settings(config: pytest.Config) -> Settings:
    """Return the settings of this run.

    `--cutover-config` is used where it is given, then `cutover.toml` in pytest's root folder, then
    the one in the folder in which pytest was called, then the demonstration's. Raises
    `SettingsError`.
    """
    option = config.option
    words = {"target": option.target, "release": option.release}
    raised = bool(option.production)
    for folder in (config.rootpath, config.invocation_params.dir):
        if option.cutover_config or (folder / FILE_NAME).is_file():
            return load_settings(option.cutover_config, folder, production=raised, **words)
    return load_demonstration(config.rootpath, production=raised, **words)


def refuse_uncollected_suites(
    config: pytest.Config, settings: Settings, folders: SuiteFolders
) -> None:
    """Raise `SettingsError` where checks stand beside the settings, and the run would miss them.

    Own checks are looked for in pytest's root folder. That may be a folder above the settings file,
    or one far from it.
    """
    called_in = config.invocation_params.dir
    places = [settings.resolve_path(Path())]
    places += [called_in] if (called_in / FILE_NAME).is_file() else []
    for place in places:
        if suite := folders.find_uncollected_suite(place):
            raise SettingsError(
                f"{suite} holds checks that this run would not judge: pytest's root folder is"
                f" {config.rootpath}. Call the gate in {place}, with --rootdir={place}"
            )


def find_plan(settings: Settings, project: Path) -> Path:
    """Return the plan beside the settings file, else the project's, else the shipped one."""
    beside = settings.resolve_path(settings.plan)
    if beside.exists() or "plan" in settings.model_fields_set:
        return beside
    own = project / settings.plan
    return own if own.exists() else shipped_file("plan.toml")
