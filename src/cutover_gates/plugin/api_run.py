"""The document of the API, and the fuzzing run over it: made once, by the first process that asks.

A gate makes the run before its first check. So its checks know the operations when they are
collected: there is one check for each.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.findings import gap_error
from cutover_gates.core.gates import MARKER_WORD
from cutover_gates.core.local_days import latest_local_day
from cutover_gates.hospital import ProtocolViolation, Rejected
from cutover_gates.plugin.fuzz_account import _open_account
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.api.document.document_source import load_document as read_document
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.document.rules import PACKAGES_INSTALLED
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.acceptances import AcceptanceTerms, AcceptedFinding
from cutover_gates.probes.api.fuzzing.acceptances import load_acceptances as read_acceptances
from cutover_gates.probes.api.fuzzing.fuzz_configuration import (
    FuzzProfile,
    build_profile,
    choose_mode,
    create_example_ids,
)
from cutover_gates.probes.api.fuzzing.fuzz_runner import run_schemathesis
from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
from cutover_gates.probes.api.fuzzing.model import FuzzPlan, FuzzSummary
from cutover_gates.targets.cleanup_scope import open_with_cleanup
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import open_ledger
from cutover_gates.util.files import compute_once

DOCUMENT_KEY, FUZZING_KEY = "document", "tried"


def require_package(package: str) -> None:
    """Raise `NotProven` where a package of the extra `contract` is not installed."""
    if find_spec(package) is None:
        raise gap_error(PACKAGES_INSTALLED, package, "not installed")


def shared_folder(run: PytestRun) -> Path:
    """Return the folder that the processes of a gate share."""
    return run.first_folder / "contract"


def shared_or_temporary_folder(run: PytestRun, temporary: pytest.TempPathFactory) -> Path:
    """Return the folder that the processes of this run share, also without a gate."""
    if run.folders:
        return shared_folder(run)
    base = temporary.getbasetemp()
    # The workers of xdist have a folder each, below the one that they share.
    return (base.parent if run.worker else base) / "contract"


def load_document(run: PytestRun, target: RunningTarget, folder: Path) -> ApiDocument:
    """Return the target's document, which is fetched once.

    Raises `ProtocolViolation`, `Unsupported`, `NotProven` or `SettingsError`.
    """

    def fetch() -> dict[str, Any]:
        hospital = open_driver(run.settings, target, Recorder(run.redactor, cap=1), run.tag)
        file = run.settings.chosen_target.contract.document
        path = run.settings.resolve_path(file) if file else None
        document = read_document(hospital, target.url, path)
        return {
            "document": document.document,
            "root": document.root,
            "meanings": document.meanings,
            "lost": document.lost,
            "assumed_protected": list(document.assumed_protected),
            "refusal_statuses": list(document.refusal_statuses),
        }

    plain = compute_once(folder, DOCUMENT_KEY, fetch)
    return ApiDocument(**plain)


def load_acceptances(run: PytestRun) -> tuple[AcceptedFinding, ...]:
    """Return the findings that named persons accept. Raises `SettingsError`."""
    default = Path("known_failures", f"{run.settings.target}.toml")
    file = run.settings.chosen_target.contract.accepted or default
    return read_acceptances(run.settings.resolve_path(file))


def acceptance_terms(run: PytestRun, target: RunningTarget) -> AcceptanceTerms:
    """Return what acceptances are held to. Those of the demonstration may last longer."""
    is_demonstration = run.settings.chosen_target.kind == "embedded"
    longest = math.inf if is_demonstration else run.settings.longest_waiver_days
    return AcceptanceTerms(target.release, longest, latest_local_day(datetime.now(UTC)))


def load_fuzzed_operations(run: PytestRun) -> list[str]:
    """Return the operations of the run that was made before collection; empty without one."""
    if not run.folders:
        return []
    path = shared_folder(run) / f"{FUZZING_KEY}.json"
    if not path.exists():
        return []
    outcome: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return list(outcome.get("found", {}).get("operations", ()))


def fuzzing_plan(run: PytestRun, target: RunningTarget) -> FuzzProfile:
    """Return how the run is made on this target, in these gates."""
    settings = run.settings.chosen_target
    mode = choose_mode(
        settings.contract,
        production=target.production,
        embedded=target.kind == "embedded",
        nightly=any("nightly" in MARKER_WORD.findall(gate) for gate in run.gates),
    )
    return build_profile(settings.contract, mode, settings.limits.request_seconds)


def fuzz_once(
    run: PytestRun,
    target: RunningTarget,
    folder: Path,
    report_progress: Callable[[str], None],
) -> FuzzSummary:
    """Return the summary of the fuzzing run, which the first process that asks makes.

    Raises `NotProven` where none can be made, and `Unsupported` where there is no document.
    """
    try:
        document = load_document(run, target, folder)
    except ProtocolViolation as error:
        reason = f"the API's document cannot be read: {error}"
        raise gap_error(rules.RUN_POSSIBLE, target.name, reason) from None

    def fuzz() -> dict[str, Any]:
        return _fuzz(run, target, document, report_progress)

    return FuzzSummary.from_plain(compute_once(folder, FUZZING_KEY, fuzz))


def _fuzz(
    run: PytestRun,
    target: RunningTarget,
    document: ApiDocument,
    report_progress: Callable[[str], None],
) -> dict[str, Any]:
    """Prepare, run, clean up; return the summary as plain values, redacted."""
    require_package("schemathesis")
    profile = fuzzing_plan(run, target)
    ledger = open_ledger(
        run.ledgers / f"{run.tag}-contract.jsonl", run.tag, run.settings, target, run.redactor
    )
    try:
        with open_with_cleanup(run.settings, target, ledger, run.redactor) as (hospital, sessions):
            account = _open_account(run, target, hospital)
            ids: Mapping[str, str] = {}
            if profile.mode == "safe":
                document_type = _choose_document_type(run)
                ids = create_example_ids(hospital, sessions, run.tag, document_type)
            usernames = tuple(user.username for user in target.users.values())
            result = run_schemathesis(
                FuzzPlan(
                    document,
                    profile,
                    account.header,
                    account.next_token,
                    usernames,
                    ids,
                    report_progress,
                    account.remaining_seconds,
                    hospital.features.unauthenticated,
                )
            )
    except (Rejected, ProtocolViolation) as error:
        reason = f"the account cannot sign in: {error}"
        raise gap_error(rules.RUN_POSSIBLE, target.name, reason) from None
    finally:
        ledger.close()
    plain = summarize_run(document, profile, result).to_plain()
    return dict(run.redactor.redact_value(plain))


def _choose_document_type(run: PytestRun) -> str:
    types: Sequence[str] = run.settings.chosen_target.limits.document_types
    return "text/plain" if "text/plain" in types else types[0]
