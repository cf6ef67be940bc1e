"""`pytest --check-mapping`: no checks and no verdict, only one walk through the target's mapping,
that says where it stops and what to mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.hospital import MappingError, PatientDraft
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory
from cutover_gates.plugin.cleanup import describe_sweep
from cutover_gates.plugin.mapping_check_state import record_passed
from cutover_gates.plugin.run import USER_ERRORS, PytestRun, make_run
from cutover_gates.plugin.target_start import start_target
from cutover_gates.targets import RunningTarget
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.embedded import TargetDidNotStart

if TYPE_CHECKING:
    from cutover_gates.drivers.mapping_check import StepResult
    from cutover_gates.drivers.mapping_check.check_context import CheckContext
    from cutover_gates.drivers.mapping_check.diagnosis import Diagnoser
    from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
    from cutover_gates.drivers.mapping_check.source_locations import SourceLocations


def run_mapping_check(config: pytest.Config) -> int:
    """Walk and tell.

    Returns 0 when every step went well or is declared as not offered. Raises `pytest.UsageError`.
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
        went_well = _run_all_steps(run, next(target), Path(path))
        next(target, None)
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except TargetDidNotStart as why:
        _print(str(why))
        went_well = False
    return int(pytest.ExitCode.OK if went_well else pytest.ExitCode.TESTS_FAILED)


def _run_all_steps(run: PytestRun, standing: RunningTarget, path: Path) -> bool:
    """Whether the whole walk went well. Each step is told as soon as it is over."""
    from cutover_gates.drivers.mapping_check import StepOutcome, run_steps
    from cutover_gates.drivers.mapping_check.diagnosis import Diagnoser
    from cutover_gates.drivers.mapping_check.last_exchange import LastExchange

    places = _source_positions(run, path)
    seen = LastExchange(run.redactor)
    teller = Diagnoser(places, seen, standing.url)
    with _open_check_context(run, standing, teller) as way:
        _print(
            f"The mapping of {standing.name} ({standing.url}), walked once by run {run.tag}. Nobody"
            " is judged: a stop is a line to mend."
        )
        walked: list[StepResult] = []
        for one in run_steps(way, teller):
            walked.append(one)
            if one.outcome is not StepOutcome.NOT_REACHED:
                _print_step(one, seen)
    stops = [one.stop for one in walked if one.stop]
    undone = [
        one for one in walked if one.outcome in (StepOutcome.LEFT_OUT, StepOutcome.NOT_REACHED)
    ]
    done = sum(one.outcome is StepOutcome.WELL for one in walked)
    if beyond := [one.step.title for one in undone if one.outcome is StepOutcome.NOT_REACHED]:
        _print(f"{StepOutcome.NOT_REACHED.value:<12} {', '.join(beyond)}")
    if not stops and not undone:
        record_passed(run)
        _print(f"The whole walk went well: {done} steps, {len(walked) - done} not offered.")
        return True
    _print(
        f"{done} of {len(walked)} steps went well, {len(stops)} stopped, {len(undone)} were not"
        " walked."
        + (
            f" Mend first: {run.redactor.redact_text(stops[0].sentence)}"
            if stops
            else f" The first: {undone[0].step.title}: {undone[0].said}."
        )
    )
    return False


@contextmanager
def _open_check_context(
    run: PytestRun, standing: RunningTarget, teller: Diagnoser
) -> Iterator[CheckContext]:
    """The way, on which everything that is made stands in a ledger first.

    What the walk did not retire itself is retired at the end.
    """
    from cutover_gates.drivers.ledger_driver import LedgerDriver
    from cutover_gates.drivers.mapping_check.check_context import CheckContext
    from cutover_gates.targets.cleanup_scope import retire_ledgers

    try:
        opened = open_driver(run.settings, standing, run.recorder, run.tag, teller.seen)
    except MappingError as mistake:
        raise SettingsError(
            run.redactor.redact_text(teller.diagnose_mapping_error(mistake).sentence)
        ) from None
    ledger = Ledger(run.ledgers / f"{run.tag}-main.jsonl", run.tag, standing.name)
    try:
        hospital = LedgerDriver(opened, ledger, production=standing.production, run_tag=run.tag)
        in_pages = getattr(opened, "with_page_size", None)
        way = CheckContext(
            hospital,
            PatientFactory(run.tag),
            FileFactory(run.tag),
            standing.release,
            run.settings.chosen_target.limits.document_types[0],
            in_pages(1) if in_pages else None,
            run.settings.chosen_target.unsupported,
        )
        way.things |= {
            f"account of {role.value}": credentials for role, credentials in standing.users.items()
        }
        teller.seen.ours |= {
            str(getattr(way.draft(), field.name)) for field in fields(PatientDraft)
        }
        yield way
        for sentence in (
            describe_sweep(retire_ledgers(opened, standing, run.redactor, [ledger]))
            if not standing.is_ephemeral
            else ()
        ):
            _print(
                run.redactor.redact_text(
                    sentence.replace(
                        "that earlier runs left", "that the walk had not retired itself"
                    )
                )
            )
    finally:
        ledger.close()


def _print_step(walked: StepResult, seen: LastExchange) -> None:
    """One line; four more where it stops."""
    said = f": {walked.said}" if walked.said and not walked.stop else ""
    if walked.stop is None:
        _print(f"{walked.outcome.value:<12} {walked.step.title}{seen.redactor.redact_text(said)}")
        return
    _print(
        f"{walked.outcome.value:<12} {walked.step.title}:"
        f" {seen.redactor.redact_text(walked.stop.sentence)}"
    )
    for word, text in (
        ("sent", seen.request_as_curl()),
        ("came", seen.describe_answer() or walked.stop.came),
        ("expected", walked.stop.expected),
    ):
        if text:
            _print(f"{'':<12} {word:<9} {seen.redactor.redact_text(text)}")


def _source_positions(run: PytestRun, path: Path) -> SourceLocations:
    """Where the mapping's keys stand."""
    from cutover_gates.drivers.mapping_check.source_locations import SourceLocations, index_lines

    name, target = run.settings.target, run.settings.chosen_target
    settings = (path.name, index_lines(_read_text(path)))
    own = run.settings.resolve_path(target.mapping) if target.mapping else None
    mapping = (own.name, index_lines(_read_text(own))) if own else settings
    default = (
        "default_dialect.toml",
        index_lines(
            files("cutover_gates.drivers")
            .joinpath("default_dialect.toml")
            .read_text(encoding="utf-8")
        ),
    )
    return SourceLocations(
        mapping,
        settings,
        default,
        "" if own else f"targets.{name}.rest.",
        f"targets.{name}.",
        target.driver,
    )


def _read_text(path: Path) -> str:
    """The file's text; empty where there is none, and then no key has a line."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _print(sentence: str) -> None:
    Console(highlight=False, markup=False).print(sentence, soft_wrap=True)
