"""`pytest --check-mapping`: run the steps of the mapping check, with no checks and no verdict.

pytest imports this module only where the option is given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.mapping_check.check_context import CheckContext
from cutover_gates.drivers.mapping_check.diagnoser import Diagnoser
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.role_steps import account_key, list_role_steps
from cutover_gates.drivers.mapping_check.runner import StepOutcome, StepResult, run_steps
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.drivers.mapping_check.toml_positions import index_lines
from cutover_gates.drivers.rest.mapping import DEFAULT_DIALECT, read_default_dialect
from cutover_gates.hospital import Driver, MappingError, PatientDraft
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory
from cutover_gates.plugin.account_lookup import describe_missing_work
from cutover_gates.plugin.cleanup import describe_sweep
from cutover_gates.plugin.declared_facts import describe_otherwise, describe_switched_off
from cutover_gates.plugin.mapping_check_state import record_passed
from cutover_gates.plugin.run import USER_ERRORS, PytestRun, make_run
from cutover_gates.plugin.target_start import start_target
from cutover_gates.targets.cleanup_scope import retire_ledgers
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.staffing import describe_staff, list_acting_accounts
from cutover_gates.targets.target_binding import open_ledger
from cutover_gates.util.terminal_output import print_text

COLUMN = 12
"""Characters of the column with the outcome."""
_SKIPPED = (StepOutcome.LEFT_OUT, StepOutcome.NOT_REACHED)
Report = Callable[[StepResult], None]


def _ignore(_result: StepResult) -> None:
    """Report to nobody."""


def run_mapping_check(config: pytest.Config, report: Report = _ignore) -> int:
    """Run the mapping check and print its results. `report` receives each of them.

    Returns 0 where every step passed or is declared as unsupported. Raises `pytest.UsageError`.
    """
    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"--check-mapping runs no gate: leave -m {' or '.join(run.gates)} out, or leave"
            " --check-mapping out"
        )
    path = config.option.cutover_config or config.rootpath / "cutover.toml"
    try:
        target = start_target(run)
        passed = _run_all_steps(run, next(target), Path(path), report)
        next(target, None)
    except USER_ERRORS as error:
        raise pytest.UsageError(str(error)) from None
    except TargetDidNotStart as error:
        _print(str(error))
        passed = False
    return int(pytest.ExitCode.OK if passed else pytest.ExitCode.TESTS_FAILED)


def _run_all_steps(run: PytestRun, target: RunningTarget, path: Path, report: Report) -> bool:
    """Run all steps, and print each as soon as it is over. Return whether all passed."""
    exchange = LastExchange(run.redactor)
    diagnoser = Diagnoser(_source_locations(run, path), exchange, target.url)
    with _open_check_context(run, target, diagnoser) as context:
        _print(
            f"Checking the mapping of {target.name} ({target.url}), run {run.tag}. This is no"
            " verdict about the target: each STOP is a line to change."
        )
        for line in describe_switched_off(run.settings):
            _print(f"{'switched off':<{COLUMN}} {run.redactor.redact_text(line)}")
        for line in describe_otherwise(run.settings):
            _print(f"{'otherwise':<{COLUMN}} {run.redactor.redact_text(line)}")
        for line in describe_staff(run.settings.chosen_target):
            _print(f"{'role':<{COLUMN}} {run.redactor.redact_text(line)}")
        results: list[StepResult] = []
        for result in run_steps(context, diagnoser, list_role_steps(target.staff)):
            results.append(result)
            report(result)
            if result.outcome is not StepOutcome.NOT_REACHED:
                _print_result(result, exchange)
    return _print_summary(run, results)


def _print_summary(run: PytestRun, results: Sequence[StepResult]) -> bool:
    """Print the end of the check, and return whether all steps passed."""
    diagnoses = [result.diagnosis for result in results if result.diagnosis]
    skipped = [result for result in results if result.outcome in _SKIPPED]
    passed = sum(result.outcome is StepOutcome.PASSED for result in results)
    unreached = [result for result in skipped if result.outcome is StepOutcome.NOT_REACHED]
    if unreached:
        titles = ", ".join(result.step.title for result in unreached)
        _print(f"{StepOutcome.NOT_REACHED.value:<{COLUMN}} {titles}")
    if not diagnoses and not skipped:
        record_passed(run)
        _print(f"All {passed} steps passed, {len(results) - passed} are not offered.")
        return True
    if diagnoses:
        first = f"Change first: {run.redactor.redact_text(diagnoses[0].sentence)}"
    else:
        first = f"The first: {skipped[0].step.title}: {skipped[0].note}."
    _print(
        f"{passed} of {len(results)} steps passed, {len(diagnoses)} failed, {len(skipped)} did not"
        f" run. {first}"
    )
    return False


@contextmanager
def _open_check_context(
    run: PytestRun, target: RunningTarget, diagnoser: Diagnoser
) -> Iterator[CheckContext]:
    """Open the context, in which everything that is created is in a ledger first.

    What the check did not retire itself is retired at the end.
    """
    try:
        driver = open_driver(run.settings, target, run.recorder, run.tag, diagnoser.exchange)
    except MappingError as error:
        sentence = diagnoser.diagnose_mapping_error(error).sentence
        raise SettingsError(run.redactor.redact_text(sentence)) from None
    ledger = open_ledger(
        run.ledgers / f"{run.tag}-main.jsonl", run.tag, run.settings, target, run.redactor
    )
    try:
        context = _create_context(run, target, driver, ledger)
        draft = context.draft()
        diagnoser.exchange.own_texts |= {
            str(getattr(draft, field.name)) for field in fields(PatientDraft)
        }
        yield context
        if not target.is_ephemeral:
            _clean_up(run, target, driver, ledger)
    finally:
        ledger.close()


def _create_context(
    run: PytestRun, target: RunningTarget, driver: Driver, ledger: Ledger
) -> CheckContext:
    with_page_size = driver.features.with_page_size
    accounts = {f"account of {role.value}": account for role, account in target.users.items()}
    accounts |= {account_key(name): account for name, account in target.staff.items()}
    return CheckContext(
        LedgerDriver(driver, ledger, production=target.production, run_tag=run.tag),
        PatientFactory(run.tag),
        FileFactory(run.tag),
        target.release,
        run.settings.chosen_target.limits.document_types,
        with_page_size(1) if with_page_size else None,
        run.settings.chosen_target.absent_capabilities,
        dict(accounts),
        list_acting_accounts(run.settings.chosen_target),
        describe_missing_work(run.settings, target),
    )


def _clean_up(run: PytestRun, target: RunningTarget, driver: Driver, ledger: Ledger) -> None:
    results = retire_ledgers(driver, target, run.redactor, [ledger])
    for sentence in describe_sweep(results):
        text = sentence.replace("that earlier runs left", "that the check had not retired itself")
        _print(run.redactor.redact_text(text))


def _print_result(result: StepResult, exchange: LastExchange) -> None:
    """Print one line; up to three more for a failure."""
    redact = exchange.redactor.redact_text
    head = f"{result.outcome.value:<{COLUMN}} {result.step.title}"
    if result.diagnosis is None:
        _print(f"{head}{redact(f': {result.note}' if result.note else '')}")
        return
    _print(f"{head}: {redact(result.diagnosis.sentence)}")
    details = {
        "sent": exchange.request_as_curl(),
        "answer": exchange.describe_answer() or result.diagnosis.actual,
        "expected": result.diagnosis.expected,
    }
    for name, text in details.items():
        if text:
            _print(f"{'':<{COLUMN}} {name:<9} {redact(text)}")


def _source_locations(run: PytestRun, path: Path) -> SourceLocations:
    """Return where the keys of the mapping stand."""
    name, target = run.settings.target, run.settings.chosen_target
    settings = (path.name, index_lines(_read_text(path)))
    own = run.settings.resolve_path(target.mapping) if target.mapping else None
    return SourceLocations(
        (own.name, index_lines(_read_text(own))) if own else settings,
        settings,
        (DEFAULT_DIALECT, index_lines(read_default_dialect())),
        "" if own else f"targets.{name}.rest.",
        f"targets.{name}.",
        target.driver,
    )


def _read_text(path: Path) -> str:
    """Return the file's text; empty where there is none, and then no key has a line."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _print(sentence: str) -> None:
    print_text(sentence, sys.stdout)
