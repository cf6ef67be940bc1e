"""Proves items that are asked of staging by the newest verdict of staging for this release.

Before the cutover the release under judgement runs on staging only. Its functional checks are not
run again, against another target, in the middle of a gate: staging's own run has judged them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from cutover_gates.config.settings import Settings
from cutover_gates.core.attestation.signature_check import Verifier
from cutover_gates.core.attestation.signing_keys import load_verifying_key, read_key_file
from cutover_gates.core.attestation.sums import AttestationError
from cutover_gates.core.attestation.verification import verify_folder
from cutover_gates.core.gates import GATES
from cutover_gates.core.plan import Item
from cutover_gates.core.verdict import CheckResult, Outcome, VerdictSubject
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.signing import Signer
from cutover_gates.plugin.staged_verdicts import (
    StagedVerdict,
    find_verdicts,
    name_staging,
)
from cutover_gates.util.text import format_list

SAME_PARTS = {"suite": "the shipped checks", "own files": "the checks of your own"}
"""The parts of the question that must be the same for both targets, in words."""
Forgery = Callable[[str], str]
"""Returns why the folder of a run, given by its name, is not what its gate wrote."""


def prove_by_staging(
    run: PytestRun, subject: VerdictSubject, signer: Signer | None = None
) -> list[CheckResult]:
    """Return a result for each item of the run that is asked of staging.

    `signer` is what signs the evidence of this run.
    """
    own = signer.verifier if signer else None
    asked = [run.plan.item(item_id) for item_id in sorted(run.requested_items)]
    # Several items may rest on one folder, which takes seconds to read (34 MB: 1.6 s).
    forgery = cache(lambda name: _find_forgery(run.settings, name, own))
    return [_judge_item(run, subject, item, forgery) for item in asked if item.asked_of]


def _judge_item(
    run: PytestRun, subject: VerdictSubject, item: Item, forgery: Forgery
) -> CheckResult:
    staging = name_staging(run.settings)
    reports = run.settings.resolve_path(run.settings.reports)
    check, items, asked = (
        f"{item.id}: verdict of {staging}",
        frozenset({item.id}),
        {*item.rests_on},
    )
    verdicts, unreadable = find_verdicts(reports, staging, subject.release, item)
    newest = next((each for each in reversed(verdicts) if each.items.keys() >= asked), None)
    if unreadable and (newest is None or unreadable > newest.run):
        why = f"{unreadable}/verdict.json cannot be read, and may be the newest of {staging}"
    elif newest is None:
        why = _explain_absence(staging, subject.release, item)
    else:
        later = verdicts[verdicts.index(newest) + 1 :]
        why = (
            _find_objection(run, newest, subject, item)
            or _find_later_objection(later, item)
            or _tell_forgery(newest, forgery)
        )
    if newest is None or why:
        gate = _find_gate(run, item)
        command = f'Run pytest -m "{gate}" --target {staging} --release {subject.release}'
        return CheckResult(check, items, Outcome.NOT_PROVEN, f"{why}. {command}", title=item.title)
    evidence = [newest.as_evidence(staging)]
    return CheckResult(check, items, Outcome.PASSED, "", 0.0, evidence, title=item.title)


def _find_gate(run: PytestRun, item: Item) -> str:
    """Return a gate of the new release that judges all that an item rests on: `phase3 and smoke`.

    The whole suite would also ask for items of other moments, at which another release answers.
    """
    gates = [set(run.plan.item(name).gates) for name in item.rests_on]
    in_all = set(GATES).intersection(*gates)
    shared = [gate for gate in GATES if gate in in_all]
    after = [gate for gate in shared if run.plan.gate_answers[gate] == "release"]
    if after:
        return f"{after[0]} and {item.suite}"
    # The way back is judged as a whole: its items are of several suites.
    return shared[0] if shared else str(item.suite)


def _explain_absence(staging: str, release: str, item: Item) -> str:
    return (
        f"the reports folder has no verdict of {staging} on release {release!r} that judges"
        f" {', '.join(item.rests_on)}"
    )


def _find_objection(
    run: PytestRun, verdict: StagedVerdict, subject: VerdictSubject, item: Item
) -> str:
    """Return why a verdict does not prove an item; empty where it does."""
    hours = run.settings.chosen_target.migrations.staging_verdict_hours
    if verdict.kind == "embedded" and subject.kind != "embedded":
        return f"the newest verdict, {verdict.run}, is one of the embedded demonstration"
    if not verdict.is_accepted:
        return f"the newest verdict, {verdict.run}, is {verdict.word}"
    if open_items := verdict.find_open(item.rests_on):
        return f"in the newest verdict, {verdict.run}, {', '.join(open_items)}"
    if verdict.suite != describe_suite(subject):
        return (
            f"the newest verdict, {verdict.run}, was made by suite {verdict.suite}, and this one is"
            f" {describe_suite(subject)}"
        )
    if changed := _find_other_parts(verdict, subject):
        return f"since the newest verdict, {verdict.run}, {format_list(changed)} changed"
    if not verdict.is_within(hours):
        return (
            f"the newest verdict, {verdict.run}, ended at {verdict.finished:%Y-%m-%d %H:%M} UTC:"
            f" not within the last {hours:g} hours (staging_verdict_hours)"
        )
    return ""


def _tell_forgery(verdict: StagedVerdict, forgery: Forgery) -> str:
    if problem := forgery(verdict.run):
        return (
            f"the evidence of the newest verdict, {verdict.run}, does not verify ({problem}): its"
            " folder counts only as its gate wrote it, with all its files"
        )
    return ""


def _find_forgery(settings: Settings, run: str, own: Verifier | None) -> str:
    """Return why the folder of a run is not what its gate wrote; empty where it is.

    `own` verifies what this run signs. Without a key to ask for the files are compared only.
    """
    folder = settings.resolve_path(settings.reports) / run
    try:
        key = _load_staging_key(settings, own)
        return "; ".join(verify_folder(folder, key, files_only=key is None).problems)
    except (AttestationError, OSError) as error:
        return str(error)


def _load_staging_key(settings: Settings, own: Verifier | None) -> Verifier | None:
    """Return what must have signed; None where unsigned evidence counts.

    Raises `AttestationError` for a file that holds no public key.
    """
    path, where = settings.chosen_target.migrations.staging_key_file, "staging_key_file"
    if path is None:
        return own if settings.attestation.required else None
    text = read_key_file(settings.resolve_path(path), where, private=False)
    return load_verifying_key(text.encode(), where)


def _find_later_objection(later: Iterable[StagedVerdict], item: Item) -> str:
    """Return what a later verdict, that judges a part of it only, found open."""
    for verdict in later:
        if open_items := verdict.find_open(item.rests_on):
            return f"in a later verdict, {verdict.run}, {', '.join(open_items)}"
    return ""


def _find_other_parts(verdict: StagedVerdict, subject: VerdictSubject) -> list[str]:
    """Return which checks, shipped or own, are not those that judged staging."""
    now = subject.judged_by.digest if subject.judged_by else {}
    return [
        words
        for part, words in SAME_PARTS.items()
        if part in now and now[part] != verdict.question.get(part, now[part])
    ]


def describe_suite(subject: VerdictSubject) -> str:
    """Return the version and the commit of a suite as one text."""
    return f"{subject.suite_version} ({subject.suite_commit})"
