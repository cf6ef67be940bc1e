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

SHIPPED_PLAN = Path("shipped")
"""The value of `plan` that names the plan of this package."""
PLAN_NAME = "plan.toml"


def load_run_settings(config: pytest.Config) -> Settings:
    """Return the settings of this run.

    `--cutover-config` is used where it is given, then `cutover.toml` in pytest's root folder, then
    the one in the folder in which pytest was called, then the demonstration's. Raises
    `SettingsError`, also where two files could be meant.
    """
    option = config.option
    raised = bool(option.production)
    names = ("target", "release", "previous_release")
    words = {name: getattr(option, name) for name in names}
    root, called_in = config.rootpath, config.invocation_params.dir
    if not option.cutover_config:
        _refuse_second_settings(root, called_in)
    for folder in (root, called_in):
        if option.cutover_config or (folder / FILE_NAME).is_file():
            return load_settings(option.cutover_config, folder, production=raised, **words)
    return load_demonstration(root, production=raised, **words)


def _refuse_second_settings(root: Path, called_in: Path) -> None:
    """Raise `SettingsError` where a folder below pytest's root folder has settings, too."""
    between = [folder for folder in called_in.parents if folder.is_relative_to(root)]
    folders = dict.fromkeys(folder.resolve() for folder in (called_in, *between, root))
    found = [folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()]
    if len(found) > 1:
        raise SettingsError(
            f"{found[0]} and {found[1]} may both be meant: name one, such as"
            f" --cutover-config={found[0]}"
        )


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
    """Return the plan that the settings name, else the one beside them, the project's, the shipped.

    A gate does not take the shipped one unless it is named (`refuse_unnamed_plan`).
    """
    if settings.plan == SHIPPED_PLAN:
        return shipped_file(PLAN_NAME)
    beside = settings.resolve_path(settings.plan)
    if beside.exists() or "plan" in settings.model_fields_set:
        return beside
    own = project / settings.plan
    return own if own.exists() else shipped_file(PLAN_NAME)


def refuse_unnamed_plan(settings: Settings, config: pytest.Config) -> None:
    """Raise `SettingsError` where a gate would be judged by another plan than somebody expects.

    That is the shipped one, where the hospital's own was deleted or never written, and the one of a
    folder above, where the folder in which pytest was called has one.
    """
    if "plan" in settings.model_fields_set:
        return
    plan, folder = find_plan(settings, config.rootpath), settings.resolve_path(Path())
    if plan.parent.resolve() != folder.resolve():
        raise SettingsError(
            f"{folder / FILE_NAME} has no {PLAN_NAME} beside it: put your plan there, or name one"
            f' (plan = "…"; "{SHIPPED_PLAN}" is the plan of this package)'
        )
    other = config.invocation_params.dir / PLAN_NAME
    if not config.option.cutover_config and other.is_file() and not other.samefile(plan):
        raise SettingsError(
            f"{other} is not the plan of this run, which is {plan}: name it in the settings"
            ' (plan = "…"), or call the gate elsewhere'
        )


def describe_files(settings: Settings, project: Path) -> str:
    """Return the settings file and the plan of a run, for the first lines of its output."""
    folder, plan = settings.resolve_path(Path()), find_plan(settings, project)
    return f"by the plan {plan}, with the settings of {folder}"
