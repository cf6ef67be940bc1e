"""`pytest --sketch-mapping`: write a first mapping from the target's OpenAPI document.

It only reads, and never writes over a file. pytest imports this module only where the option is
given.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import make_client
from cutover_gates.drivers.mapping_sketch.mapping_sketcher import MappingSketcher
from cutover_gates.drivers.mapping_sketch.served_document import (
    USUAL_PATHS,
    NoServedDocument,
    ServedDocument,
    fetch_served_document,
)
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import MappingError
from cutover_gates.plugin.run import USER_ERRORS, PytestRun, make_run
from cutover_gates.plugin.target_start import start_target
from cutover_gates.targets.driver_factory import mapping_of
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.api_document_text import (
    YAML_SUFFIXES,
    UnusableDocument,
    parse_api_document,
)
from cutover_gates.util.terminal_output import print_text

OPTION = "--sketch-mapping"
HERE = "."
"""The value of the option where no file is named."""
DOCUMENT_SUFFIXES = (".json", *YAML_SUFFIXES)
DOCUMENT_SECONDS = 30.0
"""Seconds for a document at least: some targets make it anew for each request, in 14 s."""
_BASE_URL = "{{ base_url }}"


def sketch_mapping(config: pytest.Config) -> int:
    """Write the sketch, and print where it lies and what is open in it.

    Returns 0 where it is written, 1 where the target gives no document. Raises `pytest.UsageError`.
    """
    run = make_run(config)
    try:
        file, document = _choose_files(config, run)
        served = _load_document(run, document)
        sketcher = _sketch(run, served, document)
        text = sketcher.to_toml(run.settings.target, file.name)
        _write_new(file, text)
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except (NoServedDocument, TargetDidNotStart) as reason:
        _print(f"no mapping was sketched: {run.redactor.redact_text(str(reason))}")
        return int(pytest.ExitCode.TESTS_FAILED)
    _print_summary(run, file, sketcher, text)
    return int(pytest.ExitCode.OK)


def _sketch(run: PytestRun, served: ServedDocument, file: Path | None) -> MappingSketcher:
    described_at = f"{_BASE_URL}{served.path}" if served.path else ""
    try:
        return MappingSketcher(served.document, described_at)
    except ValueError as error:
        where = file or f"{run.settings.target}{served.path}"
        raise SettingsError(f"{where} is {error}") from None


def _choose_files(config: pytest.Config, run: PytestRun) -> tuple[Path, Path | None]:
    """Return the file that is written, and the one with the document, None for the target's own.

    Everything that can be wrong about them is found before anything is sent.
    """
    if run.gates:
        raise pytest.UsageError(
            f"{OPTION} runs no gate: leave -m {' or '.join(run.gates)} out, or leave {OPTION} out"
        )
    chosen, name = run.settings.chosen_target, run.settings.target
    if chosen.driver != "rest":
        raise SettingsError(
            f"{OPTION} sketches a REST mapping, and the driver of {name!r} is {chosen.driver!r}"
        )
    folder, given = Path(config.invocation_params.dir), Path(config.option.sketch_mapping)
    is_document = given.suffix.lower() in DOCUMENT_SUFFIXES
    is_named = not is_document and config.option.sketch_mapping != HERE
    file = folder / given if is_named else folder / f"{name}.mapping.toml"
    if is_named and file.suffix != ".toml":
        raise SettingsError(
            f"{OPTION} {given}: name the OpenAPI document (.json, .yaml) or the mapping to write"
            " (.toml)"
        )
    _refuse_existing(file)
    if is_document:
        return file, folder / given
    stored = chosen.contract.document
    return file, run.settings.resolve_path(stored) if stored else None


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise SettingsError(
            f"{file.name} exists already, and nothing is written over it: name another file, such"
            f" as {OPTION} {file.stem}-2.toml"
        )
    if not file.parent.is_dir():
        raise SettingsError(f"{OPTION}: the folder {file.parent} does not exist")


def _load_document(run: PytestRun, file: Path | None) -> ServedDocument:
    if file is not None:
        return ServedDocument(_read_file(file), "")
    target = start_target(run)
    try:
        return _fetch(run, next(target))
    finally:
        next(target, None)


def _read_file(file: Path) -> Any:
    try:
        return parse_api_document(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    except UnusableDocument as error:
        raise SettingsError(f"{file} is {error}") from None


def _fetch(run: PytestRun, target: RunningTarget) -> ServedDocument:
    """Request the document. The transport lets nothing through that could write."""
    limits = run.settings.chosen_target.limits
    seconds = max(limits.request_seconds, DOCUMENT_SECONDS)
    transport = GuardedTransport(
        Recorder(cap=1),
        production=True,
        connect_seconds=limits.connect_seconds,
        deadline=seconds,
        patience=max(limits.patience_seconds, seconds),
        size_limit=limits.readable_bytes,
    )
    client = make_client(transport)
    try:
        return fetch_served_document(client, target.url, (*_own_path(run), *USUAL_PATHS))
    finally:
        client.close()


def _own_path(run: PytestRun) -> list[str]:
    """Return the path that a mapping of the settings names for the document, where there is one."""
    try:
        table, source = mapping_of(run.settings)
        mapping = load_mapping(table, source) if table is not None else None
    except (MappingError, SettingsError):
        return []  # it may be the file that is to be sketched
    operation = mapping.operations.get("describe") if mapping else None
    if mapping is None or operation is None or len(operation.steps) != 1:
        return []
    step = operation.steps[0]
    path = f"{mapping.base_path}{step.path}" if step.path else (step.url or "")
    path = path.removeprefix(_BASE_URL)
    return [path] if path.startswith("/") and "{{" not in path else []


def _write_new(file: Path, text: str) -> None:
    tomllib.loads(text)  # what cannot be read again would help nobody
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        _refuse_existing(file)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from None


def _print_summary(run: PytestRun, file: Path, sketcher: MappingSketcher, text: str) -> None:
    open_places = sum(TODO in line for line in text.splitlines())
    missing = ", ".join(sketcher.missing) or "none"
    _print(
        f"wrote {file}: a first mapping of {run.redactor.redact_text(sketcher.outline.title)}."
        f" {open_places} lines have a {TODO}. Operations that the document lacks: {missing}."
    )
    _print(
        f"Edit it, name it as `mapping` in [targets.{run.settings.target}], and run `pytest"
        f" --target {run.settings.target} --check-mapping`."
    )


def _print(sentence: str) -> None:
    print_text(sentence, sys.stdout)
