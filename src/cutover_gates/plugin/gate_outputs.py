"""The outputs of a gate at its end: all of them say the same, or all say NO-GO.

Every output is written beside its place, and read again for secrets. Then all take their places
together. Where one of them fails, the gate is judged again with that fault, which makes it NO-GO.
Where not even that can be written, the NO-GO of the start stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.attestation.sums import UNSUMMED_FILES, AttestationError, list_files
from cutover_gates.core.attestation.verification import VERDICT_FILE
from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin.attestation import build_closing_files, find_disagreements, find_run_url
from cutover_gates.plugin.output_changes import OutputChanges
from cutover_gates.plugin.process_end import DelayedInterrupt
from cutover_gates.plugin.rollback_orders import find_early_order
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.signing import Signer, SigningFailed
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.reporting.verdict_files import LAST, unfinished_verdict
from cutover_gates.util.file_transaction import STAGING, FileTransaction, ReplacedFile

PYTEST_JUNIT = f"{STAGING}/pytest-junit.xml"
"""pytest's own document in the run's folder. `junit.xml` is made of it and of the verdict."""
MAX_ATTEMPTS = 6
"""A secret in the outputs, a full disk, and a few files that cannot be written."""
Judge = Callable[[], Sequence[Verdict]]


class GateOutputs:
    """The outputs of one run, written together."""

    def __init__(self, run: PytestRun, config: pytest.Config, key: Signer | None) -> None:
        """Let pytest write its own JUnit document beside ours. `key` signs the folders."""
        self._run, self._key = run, key
        self._changes = OutputChanges(run, config)
        self._pytest_junit = run.first_folder / PYTEST_JUNIT
        self._failed: set[Path] = set()
        self._pytest_xml = b""
        self._cannot_close = False
        self.interrupt = DelayedInterrupt()
        config.option.xmlpath = str(self._pytest_junit)

    def write_unfinished(self) -> None:
        """Write the NO-GO of the start also where the user wants outputs, and try the others.

        A run of half an hour must not find out at its end that it cannot tell what it found. Raises
        `SettingsError`.
        """
        run, subject = self._run, build_subject(self._run)
        order = find_early_order(run)
        verdicts = [
            unfinished_verdict(run.plan, gate, subject, run.started, order) for gate in run.gates
        ]
        with FileTransaction() as transaction:
            try:
                for change in self._changes.list_beside_folders(verdicts, b""):
                    transaction.add(change)
                transaction.commit()
            except OSError as error:
                path = transaction.failed or Path()
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
            problems = problems or self.interrupt.take()
            if problems:
                self._changes.take_back_summary()
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
                for change in self._changes.list_all(verdicts, self._pytest_xml):
                    if change.path not in self._failed:
                        transaction.add(change, is_last=change.path.name == LAST)
                if not self._cannot_close:
                    self._close_folders(transaction)
                leaks = find_leaks(self._run, transaction.staged_paths())
                if new := [leak for leak in leaks if leak not in known]:
                    return new
                transaction.commit()
            except SigningFailed as error:
                self._cannot_close = True
                return [f"the evidence is not signed: {error}"]
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
            if VERDICT_FILE not in paths:
                raise AttestationError(f"{VERDICT_FILE} is missing")
            for name, data in build_closing_files(paths, self._key, url).items():
                transaction.add(ReplacedFile(folder / name, data))


def describe_failure(path: Path, error: OSError) -> str:
    """Return what happened to an output, and what to do."""
    reason = error.strerror or type(error).__name__
    return (
        f"the output {path} could not be written ({reason}): free space or change the permissions,"
        " and run again"
    )


def describe_broken_step(step: str, error: BaseException) -> str:
    """Return which step of the run's end broke, and how."""
    reason = getattr(error, "strerror", None) or str(error)
    return f"{step} broke ({type(error).__name__}: {reason}), so its outputs may be missing"


def find_leaks(run: PytestRun, staged: Mapping[Path, Path]) -> list[str]:
    """Read every output as it will be, and return a sentence for each that holds a secret.

    `staged` has for each output that is about to be replaced the path of its new content.
    """
    existing = [path for folder in run.folders.values() for path in sorted(folder.rglob("*"))]
    kept = [path for path in existing if STAGING not in path.parts and path.is_file()]
    contents = {path: path for path in kept} | dict(staged)
    sentences = []
    for path, content in contents.items():
        if names := run.redactor.find_secrets(read_if_there(content)):
            sentences.append(
                f"the output {path.name} holds a secret ({', '.join(names)}): do not hand it on,"
                " and change that secret"
            )
    return list(dict.fromkeys(sentences))


def read_if_there(path: Path) -> bytes:
    """Return the content of a file; nothing where it is missing or vanished meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
