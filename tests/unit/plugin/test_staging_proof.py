"""The verdict of staging proves an item, or it is said why it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import CheckResult, Outcome, VerdictSubject
from cutover_gates.plugin.attestation import close_folder
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.signing import Signer
from cutover_gates.plugin.staged_verdicts import list_judged_elsewhere
from cutover_gates.plugin.staging_proof import prove_by_staging
from tests.unit.core.attestation.run_folder import KeyPair

SUBJECT = VerdictSubject(
    "production", "remote", "https://p.example", "2.0.0", "1.9.0", None, "0.1.0", "abc", "", "host"
)
ASKED = Item(
    "on-staging", "S", "T", ("t24",), "check", "smoke", ("sign-in", "visits"), asked_of="staging"
)
RESTS = [
    Item(name, "S", "T", ("t1", "phase3", "post"), "check", "smoke") for name in ASKED.rests_on
]
NOW = datetime.now(UTC)
SUITE = {
    "suite_version": "0.1.0",
    "suite_commit": "abc",
    "kind": "remote",
    "settings": "5" * 64,
}
STAGING, OTHER = KeyPair(), KeyPair()


def make_verdict(hours: float = 1.0, **changes: Any) -> dict[str, Any]:
    """A GO of staging on the release, from so many hours ago."""
    ended = NOW - timedelta(hours=hours)
    verdict = {
        "schema": "urn:cutover:verdict:3",
        "gate": "smoke",
        "target": "staging",
        "release": "2.0.0",
        "verdict": "GO",
        "started": (ended - timedelta(minutes=5)).isoformat(),
        "finished": ended.isoformat(),
        "items": [{"id": name, "outcome": "passed"} for name in ("sign-in", "visits", "more")],
        "counts": {"passed": 3},
        "subject": SUITE,
    }
    return verdict | changes


Prove = Callable[..., CheckResult]


@pytest.fixture
def prove(tmp_path: Path) -> Prove:
    """Return the result of the item, with these verdicts in the reports folder.

    Their folders are closed and signed as by a gate; `harm` then changes the one of the last.
    """

    def judge(
        *verdicts: dict[str, Any] | str,
        settings: str = "",
        key: Signer | None = None,
        own: Signer | None = None,
        harm: Callable[[Path], object] = lambda _: None,
    ) -> CheckResult:
        (tmp_path / "cutover.toml").write_text(
            f'target = "production"\n[targets.production]\nurl = "https://p.example"\n{settings}',
            encoding="utf-8",
        )
        for number, verdict in enumerate(verdicts):
            path = tmp_path / f"reports/runs/2026112{number}T000000Z-staging-smoke/verdict.json"
            path.parent.mkdir(parents=True)
            text = verdict if isinstance(verdict, str) else json.dumps(verdict)
            path.write_text(text, encoding="utf-8")
            if isinstance(verdict, dict) and "items" in verdict:
                close_folder(path.parent, key)
            if number == len(verdicts) - 1:
                harm(path)
        run = SimpleNamespace(
            plan=Plan((ASKED, *RESTS)),
            requested_items={ASKED.id},
            settings=load_settings(None, tmp_path),
        )
        (result,) = prove_by_staging(cast("PytestRun", run), SUBJECT, own)
        return result

    return judge


def outcome_of(item: str, outcome: str) -> list[dict[str, str]]:
    items: list[dict[str, str]] = make_verdict()["items"]
    return [{**entry, "outcome": outcome} if entry["id"] == item else entry for entry in items]


def test_a_go_of_staging_proves_it(prove: Prove) -> None:
    result = prove(make_verdict())
    assert (result.outcome, result.items) == (Outcome.PASSED, frozenset({"on-staging"}))
    assert result.evidence[0]["facts"]["run"] == "20261120T000000Z-staging-smoke"


OTHER_SUITE = {**SUITE, "suite_commit": "abc+changes"}
DEMONSTRATION = {**SUITE, "kind": "embedded"}


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (make_verdict(verdict="NO-GO"), "is NO-GO"),
        (make_verdict(items=outcome_of("visits", "waived")), "visits is waived"),
        (make_verdict(items=outcome_of("visits", "not applicable")), "visits is not applicable"),
        (make_verdict(items=outcome_of("more", "failed"), verdict="NO-GO"), "is NO-GO"),
        (make_verdict(items=[{"id": "sign-in", "outcome": "passed"}]), "no verdict of staging"),
        (make_verdict(release="2.0.1"), "no verdict of staging on release '2.0.0'"),
        (make_verdict(target="other"), "no verdict of staging"),
        (make_verdict(schema="urn:cutover:verdict:99"), "no verdict of staging"),
        (make_verdict(hours=73), "not within the last 72 hours"),
        (make_verdict(hours=-2), "not within the last 72 hours"),
        (make_verdict(subject=OTHER_SUITE), "was made by suite 0.1.0 (abc+changes)"),
        (make_verdict(subject=DEMONSTRATION), "one of the embedded demonstration"),
        ({"verdict": "NOT JUDGED"}, "no verdict of staging"),
        ("{", "cannot be read"),
    ],
)
def test_what_does_not_prove_it_is_said_with_the_command(
    prove: Prove, verdict: dict[str, Any] | str, says: str
) -> None:
    result = prove(verdict)
    assert result.outcome is Outcome.NOT_PROVEN
    assert says in result.why
    assert 'Run pytest -m "phase3 and smoke" --target staging --release 2.0.0' in result.why


def test_the_newest_counts(prove: Prove) -> None:
    """A GO is worth nothing once a later run has said NO-GO."""
    assert "is NO-GO" in prove(make_verdict(2), make_verdict(1, verdict="NO-GO")).why


def test_a_later_go_counts(prove: Prove) -> None:
    assert prove(make_verdict(2, verdict="NO-GO"), make_verdict(1)).outcome is Outcome.PASSED


def test_a_later_one_that_cannot_be_read_may_be_a_no_go(prove: Prove) -> None:
    assert "cannot be read" in prove(make_verdict(), "{").why


def test_an_earlier_one_that_cannot_be_read_does_not_count(prove: Prove) -> None:
    assert prove("{", make_verdict()).outcome is Outcome.PASSED


def test_a_later_run_of_something_else_does_not_count(prove: Prove) -> None:
    other = make_verdict(items=[{"id": "row-counts", "outcome": "failed"}], verdict="NO-GO")
    assert prove(make_verdict(2), other).outcome is Outcome.PASSED


def test_how_old_it_may_be_is_a_setting(prove: Prove) -> None:
    hours = "[targets.production.migrations]\nstaging_verdict_hours = 100"
    assert prove(make_verdict(90), settings=hours).outcome is Outcome.PASSED


# ── the folder is what its gate wrote ──


def edit(old: str, new: str) -> Callable[[Path], object]:
    """Return what replaces a text of `verdict.json`, as an editor does."""

    def change(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def edit_and_sum(path: Path) -> None:
    """Turn a NO-GO into a GO, and write sums and statement anew, without a key."""
    edit("NO-GO", "GO")(path)
    close_folder(path.parent, None)


def add_key_setting(path: Path, public: bytes = STAGING.public_pem) -> None:
    """Write the public key of staging beside the settings."""
    (path.parents[3] / "staging.pem").write_bytes(public)


WITH_KEY = '[targets.production.migrations]\nstaging_key_file = "staging.pem"'
REQUIRED = "[attestation]\nrequired = true"


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (edit("NO-GO", "GO"), "verdict.json: changed since the sums were written"),
        (
            lambda path: (edit("NO-GO", "GO")(path), (path.parent / "SHA256SUMS").unlink()),
            "missing",
        ),
        (lambda path: (edit("NO-GO", "GO")(path), (path.parent / "more").touch()), "more: added"),
    ],
    ids=["edited", "without sums", "with a file more"],
)
def test_a_no_go_that_was_edited_proves_nothing(
    prove: Prove, harm: Callable[[Path], object], says: str
) -> None:
    result = prove(make_verdict(verdict="NO-GO"), harm=harm)
    assert result.outcome is Outcome.NOT_PROVEN
    assert "does not verify" in result.why
    assert says in result.why


def test_an_edited_verdict_is_not_another_one_of_before(prove: Prove) -> None:
    """The GO of before stands no longer beside a newer one that somebody has touched."""
    result = prove(make_verdict(2), make_verdict(1), harm=edit('"passed": 3', '"passed": 4'))
    assert result.outcome is Outcome.NOT_PROVEN


@pytest.mark.parametrize(
    ("settings", "own", "says"),
    [
        (WITH_KEY, None, "the statement is not signed"),
        (REQUIRED, STAGING.signer, "the statement is not signed"),
    ],
    ids=["a declared key", "signatures required"],
)
def test_sums_that_were_written_anew_have_no_signature(
    prove: Prove, settings: str, own: Signer | None, says: str
) -> None:
    def harm(path: Path) -> None:
        edit_and_sum(path)
        add_key_setting(path)

    verdict = make_verdict(verdict="NO-GO")
    result = prove(verdict, settings=settings, key=STAGING.signer, own=own, harm=harm)
    assert (result.outcome, says in result.why) == (Outcome.NOT_PROVEN, True), result.why


@pytest.mark.parametrize(
    ("key", "harm", "says"),
    [
        (STAGING.signer, add_key_setting, ""),
        (OTHER.signer, add_key_setting, "the signature is not one of the key"),
        (STAGING.signer, lambda _: None, "staging_key_file cannot be read"),
        (STAGING.signer, lambda path: add_key_setting(path, b"x"), "is not a public key"),
    ],
    ids=["of staging", "of somebody else", "no such file", "no key"],
)
def test_the_declared_key_must_have_signed(
    prove: Prove, key: Signer, harm: Callable[[Path], object], says: str
) -> None:
    result = prove(make_verdict(), settings=WITH_KEY, key=key, own=OTHER.signer, harm=harm)
    assert (result.outcome is Outcome.PASSED) == (not says), result.why
    assert says in result.why


@pytest.mark.parametrize("key", [STAGING.signer, None], ids=["signed", "unsigned"])
def test_where_no_signature_is_asked_for_the_files_alone_are_compared(
    prove: Prove, key: Signer | None
) -> None:
    assert prove(make_verdict(), key=key, own=OTHER.signer).outcome is Outcome.PASSED


def test_where_signatures_are_required_the_own_key_is_the_default(prove: Prove) -> None:
    result = prove(make_verdict(), settings=REQUIRED, key=STAGING.signer, own=STAGING.signer)
    assert result.outcome is Outcome.PASSED


BACK = Item("way-back", "S", "T", ("rollback",), "check", "smoke")
REHEARSED = replace(
    ASKED, id="rehearsed", proof="check or sign-off", rests_on=("way-back", "sign-in")
)


@pytest.mark.parametrize(
    ("verdict", "is_judged"),
    [
        pytest.param(make_verdict(), True, id="GO"),
        pytest.param(make_verdict(verdict="NO-GO"), True, id="NO-GO"),
        pytest.param(make_verdict(hours=73), False, id="an old GO"),
        pytest.param(make_verdict(hours=73, verdict="NO-GO"), True, id="an old NO-GO"),
        pytest.param(make_verdict(release="1.9.9"), False, id="another release"),
        pytest.param(make_verdict(target="other"), False, id="another target"),
        pytest.param({"verdict": "NOT JUDGED"}, False, id="nothing was judged"),
        pytest.param("{", True, id="unreadable"),
        pytest.param(None, False, id="none"),
    ],
)
def test_an_item_of_staging_or_a_person_is_judged_where_a_verdict_speaks_of_it(
    tmp_path: Path, verdict: dict[str, Any] | str | None, is_judged: bool
) -> None:
    """A signature must not stand beside a NO-GO of the same rehearsal."""
    settings = 'target = "p"\n[targets.p]\nurl = "https://p.example"\nrelease = "2.0.0"\n'
    (tmp_path / "cutover.toml").write_text(settings, encoding="utf-8")
    if isinstance(verdict, dict) and "items" in verdict:
        verdict = {**verdict, "items": [{"id": "way-back", "outcome": "passed"}]}
    if verdict is not None:
        path = tmp_path / "reports/runs/20261120T000000Z-staging-rollback-cut1/verdict.json"
        path.parent.mkdir(parents=True)
        text = verdict if isinstance(verdict, str) else json.dumps(verdict)
        path.write_text(text, encoding="utf-8")
    plan = Plan((REHEARSED, BACK, replace(RESTS[0], gates=("t24",))))
    found = list_judged_elsewhere(load_settings(None, tmp_path), plan)
    assert found == (frozenset({"rehearsed"}) if is_judged else frozenset())
