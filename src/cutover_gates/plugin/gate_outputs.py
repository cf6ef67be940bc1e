"""The outputs of a gate at its end: all of them say the same, or all say NO-GO.

Every output is written beside its place, and read again for secrets. Then all take their places
together. Where one of them fails, the gate is judged again with that fault, which makes it NO-GO.
Where not even that can be written, the NO-GO of the start stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.attestation.signing_keys import EvidenceSigner
from cutover_gates.core.attestation.sums import UNSUMMED_FILES, AttestationError, list_files
from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin.attestation import build_closing_files, find_disagreements, find_run_url
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.secret_search import find_leaks, read_if_there
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.reporting import allure_results
from cutover_gates.reporting.github import encode_step_summary, find_step_summary
from cutover_gates.reporting.junit import to_junit
from cutover_gates.reporting.verdict_files import FIRST, LAST, render_files, unfinished_verdict
from cutover_gates.util.file_transaction import (
    STAGING,
    AppendedText,
    Change,
    FileTransaction,
    ReplacedFile,
    create_change,
)

PYTEST_JUNIT = f"{STAGING}/pytest-junit.xml"
"""pytest's own document in the run's folder. `junit.xml` is made of it and of the verdict."""
MAX_ATTEMPTS = 6
"""A secret in the outputs, a full disk, and a few files that cannot be written."""
Judge = Callable[[], Sequence[Verdict]]


class GateOutputs:
    """The outputs of one run: those of its folders, and those that the user wants elsewhere.

    Elsewhere are the file of `--junitxml`, the folder of `--alluredir`, and the step summary of a
    GitHub workflow.
    """

    def __init__(self, run: PytestRun, config: pytest.Config, key: EvidenceSigner | None) -> None:
        """Let pytest write its own JUnit document beside ours. `key` signs the folders."""
        self._run, self._config, self._key = run, config, key
        self._pytest_junit = run.first_folder / PYTEST_JUNIT
        self._junit = _find_junit(config)
        self._step_summary = find_step_summary(os.environ)
        self._failed: set[Path] = set()
        self._pytest_xml = b""
        self._cannot_close = False
        config.option.xmlpath = str(self._pytest_junit)

    def write_unfinished(self) -> None:
        """Write the NO-GO of the start also where the user wants outputs, and try the others.

        A run of half an hour must not find out at its end that it cannot tell what it found. Raises
        `SettingsError`.
        """
        run, subject = self._run, build_subject(self._run)
        verdicts = [unfinished_verdict(run.plan, gate, subject, run.started) for gate in run.gates]
        with FileTransaction() as transaction:
            try:
                for change in (
                    *self._own_allure_changes(verdicts),
                    *self._outside_changes(verdicts, b""),
                ):
                    transaction.add(change)
                if self._step_summary:
                    AppendedText(self._step_summary, b"").stage()
                transaction.commit()
            except OSError as error:
                path = transaction.failed or self._step_summary or Path()
                self._failed.add(path)
                raise SettingsError(describe_failure(path, error)) from None

    def publish(self, judge: Judge, run_errors: list[str]) -> list[Verdict]:
        """Judge, and write until all outputs agree; return the verdicts that they hold.

        Each fault of an output is added to `run_errors`, which `judge` takes into account. What
        could not be written once is left as it is: the start has written a NO-GO there.
        """
        self._pytest_xml = read_if_there(self._pytest_junit)
        self._remove_pytest_junit()
        for _ in range(MAX_ATTEMPTS):
            verdicts = list(judge())
            problems = self._write(verdicts, run_errors) or self._verify_folders()
            if not problems:
                break
            run_errors += problems
        return list(judge()) if problems else verdicts

    def _remove_pytest_junit(self) -> None:
        with suppress(OSError):  # a hidden file stays: no reason to lose a verdict
            self._pytest_junit.unlink(missing_ok=True)
            self._pytest_junit.parent.rmdir()

    def _write(self, verdicts: Sequence[Verdict], known: Collection[str]) -> list[str]:
        """Write everything, or nothing and return why. A leak that is `known` does not count."""
        with FileTransaction() as transaction:
            try:
                for change in self._changes(verdicts):
                    if change.path not in self._failed:
                        transaction.add(change, is_last=change.path.name == LAST)
                if not self._cannot_close:
                    self._close_folders(transaction)
                leaks = find_leaks(self._run, transaction.staged_paths())
                if new := [leak for leak in leaks if leak not in known]:
                    return new
                transaction.commit()
            except AttestationError as error:
                self._cannot_close = True
                return [
                    f"the evidence could not be summed and signed ({error}): keep foreign files out"
                    " of the folder, and run again"
                ]
            except OSError as error:
                path = transaction.failed or Path(error.filename or "")
                self._failed.add(path)
                self._cannot_close |= not transaction.failed or path.name in UNSUMMED_FILES
                return [describe_failure(path, error)]
        return []

    def _verify_folders(self) -> list[str]:
        """Read the folders again as an auditor would: a GO has evidence that can be verified."""
        if self._cannot_close:
            return []
        folders = self._run.folders.values()
        problems = [line for folder in folders for line in find_disagreements(folder, self._key)]
        self._cannot_close = bool(problems)
        return problems

    def _close_folders(self, transaction: FileTransaction) -> None:
        """Add sums and statement of each folder, once everything else is written.

        They are made of what is staged: the folder shows them together with what they name.
        """
        staged = transaction.staged_paths()
        url = find_run_url(self._run.settings.attestation, os.environ)
        for folder in self._run.folders.values():
            paths = {
                name: folder / name
                for name in list_files(folder)
                if STAGING not in Path(name).parts
            }
            for path, content in staged.items():
                if path.is_relative_to(folder):
                    paths[path.relative_to(folder).as_posix()] = content
            for name, data in build_closing_files(paths, self._key, url).items():
                transaction.add(ReplacedFile(folder / name, data))

    def _changes(self, verdicts: Sequence[Verdict]) -> Iterator[Change]:
        """Yield every output: `verdict.json` of each folder first, `status.md` last."""
        pytest_xml = self._pytest_xml
        files = {verdict.gate: render_files(verdict, pytest_xml) for verdict in verdicts}
        for gate, contents in files.items():
            path = self._run.folders[gate] / FIRST
            yield ReplacedFile(path, contents[FIRST], keeps_old=True)
        for verdict in verdicts:
            yield from self._folder_changes(verdict, files[verdict.gate])
        yield from self._own_allure_changes(verdicts)
        yield from self._outside_changes(verdicts, pytest_xml)
        if self._step_summary:
            yield AppendedText(self._step_summary, encode_step_summary(verdicts))
        for gate, contents in files.items():
            yield ReplacedFile(self._run.folders[gate] / LAST, contents[LAST])

    def _folder_changes(self, verdict: Verdict, files: Mapping[str, bytes]) -> Iterator[Change]:
        folder = self._run.folders[verdict.gate]
        for name, data in files.items():
            if name not in (FIRST, LAST):
                yield ReplacedFile(folder / name, data)

    def _own_allure_changes(self, verdicts: Sequence[Verdict]) -> Iterator[Change]:
        if self._find_allure() == self._run.first_folder / allure_results.FOLDER:
            for verdict in verdicts:
                folder = self._run.folders[verdict.gate]
                yield from _allure_changes(verdict, folder / allure_results.FOLDER)

    def _outside_changes(self, verdicts: Sequence[Verdict], xml: bytes) -> Iterator[Change]:
        if self._junit:
            yield create_change(self._junit, to_junit(verdicts, xml))
        folder = self._find_allure()
        if folder and folder != self._run.first_folder / allure_results.FOLDER:
            for verdict in verdicts:
                yield from _allure_changes(verdict, folder)

    def _find_allure(self) -> Path | None:
        """Return the folder of Allure's results; None where Allure is switched off."""
        folder = getattr(self._config.option, "allure_report_dir", None)
        return Path(folder).absolute() if folder else None


def _find_junit(config: pytest.Config) -> Path | None:
    """Return the file that the user names with `--junitxml`, as pytest reads it."""
    named = config.option.xmlpath
    return Path(os.path.expandvars(named)).expanduser().absolute() if named else None


def _allure_changes(verdict: Verdict, folder: Path) -> Iterator[Change]:
    for name, data in allure_results.to_allure(verdict).items():
        yield ReplacedFile(folder / name, data)


def describe_failure(path: Path, error: OSError) -> str:
    """Return what happened to an output, and what to do."""
    reason = error.strerror or type(error).__name__
    return (
        f"the output {path} could not be written ({reason}): free space or change the permissions,"
        " and run again"
    )


def describe_broken_step(step: str, error: Exception) -> str:
    """Return which step of the run's end broke, and how."""
    reason = getattr(error, "strerror", None) or str(error)
    return f"{step} broke ({type(error).__name__}: {reason}), so its outputs may be missing"
