"""What a gate writes, in its order: the files of its folders, and what the user wants elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin.run import PytestRun
from cutover_gates.reporting import allure_results
from cutover_gates.reporting.github import encode_step_summary, find_step_summary
from cutover_gates.reporting.junit import to_junit
from cutover_gates.reporting.verdict_files import FIRST, LAST, render_files
from cutover_gates.util.file_transaction import (
    AppendedText,
    Change,
    ReplacedFile,
    create_change,
)


class OutputChanges:
    """The changes of the file system that make the outputs of one run.

    Elsewhere are the file of `--junitxml`, the folder of `--alluredir`, and the step summary of a
    GitHub workflow. The options are read before pytest's own plugins read them.
    """

    def __init__(self, run: PytestRun, config: pytest.Config) -> None:
        self._run, self._config = run, config
        self._junit = _find_junit(config)
        self._step_summary = find_step_summary(os.environ)
        self._appended: AppendedText | None = None

    def list_all(self, verdicts: Sequence[Verdict], pytest_xml: bytes) -> Iterator[Change]:
        """Yield every output: `verdict.json` of each folder first, `status.md` last."""
        files = {verdict.gate: render_files(verdict, pytest_xml) for verdict in verdicts}
        for gate, contents in files.items():
            path = self._run.folders[gate] / FIRST
            yield ReplacedFile(path, contents[FIRST], keeps_old=True)
        for gate, contents in files.items():
            for name, data in contents.items():
                if name not in (FIRST, LAST):
                    yield ReplacedFile(self._run.folders[gate] / name, data)
        yield from self.list_beside_folders(verdicts, pytest_xml, encode_step_summary(verdicts))
        for gate, contents in files.items():
            yield ReplacedFile(self._run.folders[gate] / LAST, contents[LAST])

    def list_beside_folders(
        self, verdicts: Sequence[Verdict], pytest_xml: bytes, summary: bytes = b""
    ) -> Iterator[Change]:
        """Yield the outputs that no verdict's folder needs: Allure's, and those elsewhere.

        An empty `summary` changes nothing, and finds out whether it could be written.
        """
        if folder := self._find_allure():
            for verdict in verdicts:
                yield from self._list_allure(verdict, folder)
        if self._junit:
            yield create_change(self._junit, to_junit(verdicts, pytest_xml))
        if self._step_summary:
            self._appended = AppendedText(self._step_summary, summary)
            yield self._appended

    def take_back_summary(self) -> None:
        """Cut off the step summary of verdicts that do not stand."""
        if self._appended:
            with suppress(OSError):  # what stands there is followed by the true verdict
                self._appended.roll_back()

    def _list_allure(self, verdict: Verdict, folder: Path) -> Iterator[Change]:
        if folder == self._run.first_folder / allure_results.FOLDER:
            folder = self._run.folders[verdict.gate] / allure_results.FOLDER
        for name, data in allure_results.to_allure(verdict).items():
            yield ReplacedFile(folder / name, data)

    def _find_allure(self) -> Path | None:
        """Return the folder of Allure's results; None where Allure is switched off."""
        folder = getattr(self._config.option, "allure_report_dir", None)
        return Path(folder).absolute() if folder else None


def _find_junit(config: pytest.Config) -> Path | None:
    """Return the file that the user names with `--junitxml`, as pytest reads it."""
    named = config.option.xmlpath
    return Path(os.path.expandvars(named)).expanduser().absolute() if named else None
