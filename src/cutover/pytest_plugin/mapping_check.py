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

from cutover.evidence import Ledger
from cutover.hospital import MappingError, PatientDraft
from cutover.pytest_plugin.run import MISTAKES, Run, bring_up, make_run
from cutover.pytest_plugin.traces import told
from cutover.pytest_plugin.walked import remember
from cutover.settings import SettingsError
from cutover.synthetic import Files, People
from cutover.targets import Standing
from cutover.targets.connecting import open_hospital
from cutover.targets.embedded import DidNotStart

if TYPE_CHECKING:
    from cutover.drivers.walking import Places, Seen, Teller, Walked, Way


def check_mapping_only(config: pytest.Config) -> int:
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
        target = bring_up(run)
        went_well = _walked(run, next(target), Path(path))
        next(target, None)
    except MISTAKES as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except DidNotStart as why:
        _print(str(why))
        went_well = False
    return int(pytest.ExitCode.OK if went_well else pytest.ExitCode.TESTS_FAILED)


def _walked(run: Run, standing: Standing, path: Path) -> bool:
    """Whether the whole walk went well. Each step is told as soon as it is over."""
    from cutover.drivers.walking import Outcome, Seen, Teller, walk

    places = _places(run, path)
    seen = Seen(run.redactor)
    teller = Teller(places, seen, standing.url)
    with _entered(run, standing, teller) as way:
        _print(
            f"The mapping of {standing.name} ({standing.url}), walked once by run {run.tag}. Nobody"
            " is judged: a stop is a line to mend."
        )
        walked: list[Walked] = []
        for one in walk(way, teller):
            walked.append(one)
            if one.outcome is not Outcome.NOT_REACHED:
                _tell(one, seen)
    stops = [one.stop for one in walked if one.stop]
    undone = [one for one in walked if one.outcome in (Outcome.LEFT_OUT, Outcome.NOT_REACHED)]
    done = sum(one.outcome is Outcome.WELL for one in walked)
    if beyond := [one.step.title for one in undone if one.outcome is Outcome.NOT_REACHED]:
        _print(f"{Outcome.NOT_REACHED.value:<12} {', '.join(beyond)}")
    if not stops and not undone:
        remember(run)
        _print(f"The whole walk went well: {done} steps, {len(walked) - done} not offered.")
        return True
    _print(
        f"{done} of {len(walked)} steps went well, {len(stops)} stopped, {len(undone)} were not"
        " walked."
        + (
            f" Mend first: {run.redactor.text(stops[0].sentence)}"
            if stops
            else f" The first: {undone[0].step.title}: {undone[0].said}."
        )
    )
    return False


@contextmanager
def _entered(run: Run, standing: Standing, teller: Teller) -> Iterator[Way]:
    """The way, on which everything that is made stands in a ledger first.

    What the walk did not retire itself is retired at the end.
    """
    from cutover.drivers import Ledgered
    from cutover.drivers.walking import Way
    from cutover.targets.entered import retire

    try:
        opened = open_hospital(run.settings, standing, run.recorder, run.tag, teller.seen)
    except MappingError as mistake:
        raise SettingsError(run.redactor.text(teller.mistake(mistake).sentence)) from None
    ledger = Ledger(run.ledgers / f"{run.tag}-main.jsonl", run.tag, standing.name)
    try:
        hospital = Ledgered(opened, ledger, production=standing.production, run_tag=run.tag)
        in_pages = getattr(opened, "in_pages_of", None)
        way = Way(
            hospital,
            People(run.tag),
            Files(run.tag),
            standing.release,
            run.settings.chosen.limits.document_types[0],
            in_pages(1) if in_pages else None,
            run.settings.chosen.unsupported,
        )
        way.things |= {
            f"account of {role.value}": credentials for role, credentials in standing.users.items()
        }
        teller.seen.ours |= {
            str(getattr(way.draft(), field.name)) for field in fields(PatientDraft)
        }
        yield way
        for sentence in (
            told(retire(opened, standing, run.redactor, [ledger])) if not standing.passes else ()
        ):
            _print(
                run.redactor.text(
                    sentence.replace(
                        "that earlier runs left", "that the walk had not retired itself"
                    )
                )
            )
    finally:
        ledger.close()


def _tell(walked: Walked, seen: Seen) -> None:
    """One line; four more where it stops."""
    said = f": {walked.said}" if walked.said and not walked.stop else ""
    if walked.stop is None:
        _print(f"{walked.outcome.value:<12} {walked.step.title}{seen.redactor.text(said)}")
        return
    _print(
        f"{walked.outcome.value:<12} {walked.step.title}:"
        f" {seen.redactor.text(walked.stop.sentence)}"
    )
    for word, text in (
        ("sent", seen.sent()),
        ("came", seen.came() or walked.stop.came),
        ("expected", walked.stop.expected),
    ):
        if text:
            _print(f"{'':<12} {word:<9} {seen.redactor.text(text)}")


def _places(run: Run, path: Path) -> Places:
    """Where the mapping's keys stand."""
    from cutover.drivers.walking import Places, lines_of

    name, target = run.settings.target, run.settings.chosen
    settings = (path.name, lines_of(_text(path)))
    own = run.settings.path(target.mapping) if target.mapping else None
    mapping = (own.name, lines_of(_text(own))) if own else settings
    default = (
        "default_dialect.toml",
        lines_of(
            files("cutover.drivers").joinpath("default_dialect.toml").read_text(encoding="utf-8")
        ),
    )
    return Places(
        mapping,
        settings,
        default,
        "" if own else f"targets.{name}.rest.",
        f"targets.{name}.",
        target.driver,
    )


def _text(path: Path) -> str:
    """The file's text; empty where there is none, and then no key has a line."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _print(sentence: str) -> None:
    Console(highlight=False, markup=False).print(sentence, soft_wrap=True)
