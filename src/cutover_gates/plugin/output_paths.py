"""Refuses a call whose outputs would replace what the run reads, or the evidence of another run.

It is asked before anything is written: `--junitxml=waivers.toml` would else replace the decisions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

from cutover_gates.plugin.judging_files import list_input_paths
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.suite_origin import iterate_suite_files
from cutover_gates.reporting.github import find_step_summary
from cutover_gates.util.shipped_files import iterate_all

READING_OPTIONS = frozenset(
    {
        *("collect_only", "confcutdir", "cov_config", "cutover_config", "deselect", "file_or_dir"),
        *("ignore", "ignore_glob", "inifilename", "keyword", "markexpr", "override_ini", "plugins"),
        *("release", "previous_release", "rootdir", "target"),
    }
)
"""Options whose values pytest reads, or that name no file. Every other one may name an output."""
EMPTIED_FOLDERS = {"basetemp": "", "allure_report_dir": "clean_alluredir"}
"""Options whose folder is emptied, and the option without which it is not."""
RECORDS = ("ledgers", "snapshots", "baselines")
"""Folders beside the reports: what the runs of a target leave for later ones."""
JUNIT, LOG_FILE, STEP_SUMMARY = "xmlpath", "log_file", "GITHUB_STEP_SUMMARY"
OPTION_NAMES = {JUNIT: "--junitxml", "htmlpath": "--html", "allure_report_dir": "--alluredir"}


@dataclass(frozen=True)
class _Output:
    """One place that a call may write to. `empties` says that a folder there is emptied."""

    option: str
    path: Path
    empties: bool = False

    @property
    def name(self) -> str:
        """The name by which a user knows it."""
        if self.option == STEP_SUMMARY:
            return self.option
        return OPTION_NAMES.get(self.option, "--" + self.option.replace("_", "-"))


def refuse_outputs_over_inputs(config: pytest.Config, run: PytestRun) -> None:
    """Raise `pytest.UsageError` where an output of the call is a file that must stay as it is."""
    outputs = [*_list_outputs(config), *_list_emptied(config)]
    if run.worker or not outputs:
        return
    inputs = _Inputs(_list_inputs(config, run))
    reports = run.settings.resolve_path(run.settings.reports).resolve()
    for output in outputs:
        kept = inputs.find(output) or _find_record(output, reports)
        if kept is not None:
            # The record of a call that is refused has a JUnit document, too.
            config.option.xmlpath = None
            raise pytest.UsageError(
                f"{output.name}={output.path} would overwrite {kept}: name another place for this"
                " output"
            )


class _Inputs:
    """The files that a run reads, also by their hard links."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = {path.resolve() for path in paths}
        self._links = {link for path in self._paths if (link := _read_link(path))}

    def find(self, output: _Output) -> str | None:
        """Return which file an output would replace or remove; None where there is none."""
        path = output.path.resolve()
        if path in self._paths or _read_link(path) in self._links - {None}:
            return f"{path}, which the run reads"
        below = [each for each in self._paths if output.empties and each.is_relative_to(path)]
        return f"{min(below)}, which the run reads" if below else None


def _read_link(path: Path) -> tuple[int, int] | None:
    """Return what all hard links of a file share; None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _find_record(output: _Output, reports: Path) -> str | None:
    """Return which record of another run an output would replace; None where there is none."""
    path = output.path.resolve()
    folders = [folder for folder in path.parents if folder.is_relative_to(reports)]
    if any((folder / "verdict.json").is_file() for folder in folders):
        return f"the evidence of an earlier run in {path.parent}"
    records = [reports.parent / name for name in RECORDS]
    if any(path.is_relative_to(folder) for folder in records):
        return f"what other runs left in {path.parent}"
    is_above = reports.exists() and reports.is_relative_to(path)
    return f"the reports in {reports}" if output.empties and is_above else None


def _list_outputs(config: pytest.Config) -> Iterator[_Output]:
    for option, value in vars(config.option).items():
        if option in READING_OPTIONS:
            continue
        for text in _list_texts(value):
            yield from (_Output(option, path) for path in _list_places(config, text))
    if log_file := config.getini(LOG_FILE):
        yield from (_Output(LOG_FILE, path) for path in _list_places(config, str(log_file)))
    if summary := find_step_summary(os.environ):
        yield _Output(STEP_SUMMARY, summary.absolute())


def _list_emptied(config: pytest.Config) -> Iterator[_Output]:
    for option, condition in EMPTIED_FOLDERS.items():
        folder = getattr(config.option, option, None)
        if folder and (not condition or getattr(config.option, condition, False)):
            yield from (
                _Output(option, path, empties=True) for path in _list_places(config, str(folder))
            )


def _list_texts(value: object) -> list[str]:
    """Return the texts of an option's value: also those of a list and of a table."""
    if isinstance(value, str | Path):
        return [str(value)]
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return [str(each) for each in value if isinstance(each, str | Path)]
    return []


def _list_places(config: pytest.Config, text: str) -> list[Path]:
    """Return the places that a text may mean: `xml:PATH` is written by some plugins, too."""
    parts = {text, text.rpartition(":")[2], text.rpartition("=")[2]} - {""}
    names = {Path(os.path.expandvars(part)).expanduser() for part in parts if "\0" not in part}
    folders = dict.fromkeys((Path.cwd(), config.invocation_params.dir, config.rootpath))
    return [folder / name for folder in folders for name in sorted(names)]


def _list_inputs(config: pytest.Config, run: PytestRun) -> Iterator[Path]:
    """Yield the files that a run reads: settings and what they name, checks, shipped files."""
    yield from list_input_paths(run)
    for path in _list_paths(run.settings):
        yield run.settings.resolve_path(path)
    yield from (path for _, path in iterate_suite_files(run.suite_folders))
    yield from (path for _, path in iterate_all())
    yield from filter(None, (config.inipath, run.root / "conftest.py"))


def _list_paths(value: object) -> Iterator[Path]:
    """Yield the paths that settings name, also in tables, but for that of the reports."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name != "reports":
                yield from _list_paths(getattr(value, name))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _list_paths(each)
