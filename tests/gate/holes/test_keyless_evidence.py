"""Evidence that Sigstore certifies, in a real pytest process: signed, refused, or not signed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cutover_gates.core.attestation.keyless import (
    KeylessIdentity,
    KeylessVerifier,
    load_trusted_root,
)
from cutover_gates.core.attestation.verification import verify_folder
from tests.gate.holes.test_signed_evidence import run_folder
from tests.gate.holes.toy_project import GateResult, Toy
from tests.integration.attestation.sigstore_instance import (
    IDENTITY,
    ISSUER,
    SigstoreInstance,
    run_sigstore,
)
from tests.selection import further

PATH = os.environ.get("PYTHONPATH", "")
PREFIX = "CUTOVER_ATTESTATION__"
KEYLESS = {
    f"{PREFIX}SIGNING_KEY_FILE": "sigstore:",
    f"{PREFIX}IDENTITY": IDENTITY,
    f"{PREFIX}ISSUER": ISSUER,
    f"{PREFIX}TRUST_CONFIG_FILE": "trust.json",
}
NOT_THERE = '{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"}'


@pytest.fixture
def sigstore(toy: Toy) -> Iterator[SigstoreInstance]:
    """An instance whose trust config stands in the project."""
    with run_sigstore() as instance:
        toy.write("trust.json", instance.describe_trust())
        yield instance


def gate(toy: Toy, token: str, **changes: str) -> GateResult:
    toy.write("token", token)
    return toy.gate(**{**KEYLESS, f"{PREFIX}IDENTITY_TOKEN_FILE": "token", **changes})


def verifier(toy: Toy, identity: str = IDENTITY) -> KeylessVerifier:
    who = KeylessIdentity(identity, ISSUER)
    return KeylessVerifier(who, load_trusted_root(toy.folder / "trust.json"))


def test_a_run_is_signed_as_an_identity(toy: Toy, sigstore: SigstoreInstance) -> None:
    """The verdict names it, a second identity did not sign, and the token is in no file."""
    token = sigstore.issue_token()
    ran = gate(toy, token)
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    signer = f"sigstore: {IDENTITY} ({ISSUER})"
    assert ran.verdicts["phase3"]["subject"]["signer"] == signer
    folder = run_folder(toy)
    assert f"signed by {IDENTITY} ({ISSUER})" in (folder / "status.md").read_text("utf-8")
    found = verify_folder(folder, verifier(toy))
    assert (found.problems, found.signed_by) == ((), signer)
    assert verify_folder(folder, verifier(toy, "somebody@example.org")).problems
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if token.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("token", "changes", "says"),
    [
        ("a.broken.token", {}, "the identity token cannot be used"),
        further("", {}, "the file is empty"),
        further("expired", {}, "the identity token cannot be used"),
        further("forged", {}, "Sigstore did not sign (FulcioClientError)"),
        further("good", {f"{PREFIX}IDENTITY_TOKEN_FILE": "nowhere"}, "the file cannot be read"),
        further("good", {f"{PREFIX}IDENTITY_TOKEN": "x.y.z"}, "not in both"),
        further("good", {f"{PREFIX}IDENTITY": ""}, "identity"),
        further("good", {f"{PREFIX}TRUST_CONFIG_FILE": "token"}, "is not a Sigstore trust"),
        further("good", {f"{PREFIX}TRUST_CONFIG_FILE": "none.json"}, "none.json is not a file"),
        further("good", {f"{PREFIX}TRUST_CONFIG_FILE": "bare.json"}, "is not a Sigstore trust"),
    ],
    ids=[
        "broken token",
        "empty token",
        "expired token",
        "token of another provider",
        "no token",
        "two tokens",
        "nobody",
        "no JSON",
        "no trust config",
        "bare trust config",
    ],
)
def test_what_cannot_sign_is_told_before_the_first_check(
    toy: Toy, sigstore: SigstoreInstance, token: str, changes: dict[str, str], says: str
) -> None:
    """One sentence, status 4, and nothing of the token."""
    toy.write("bare.json", NOT_THERE)
    with run_sigstore() as other:
        tokens = {
            "good": sigstore.issue_token(),
            "expired": sigstore.issue_token(seconds=-600),
            "forged": other.issue_token(),
        }
    given = tokens.get(token, token)
    ran = gate(toy, given, **changes)
    output = " ".join(ran.output.split())
    assert ran.status == 4, ran.output
    assert says in output
    assert "Traceback" not in output
    assert not given or given not in output


@pytest.mark.thorough
def test_without_a_token_anywhere_nothing_is_judged(toy: Toy, sigstore: SigstoreInstance) -> None:
    ran = toy.gate(**KEYLESS)
    assert ran.status == 4, ran.output
    assert "needs an identity token, and none is here" in " ".join(ran.output.split())


@pytest.mark.thorough
def test_without_the_library_nothing_is_judged(toy: Toy, sigstore: SigstoreInstance) -> None:
    """As where the extra is not installed."""
    toy.write("sigstore/__init__.py", "raise ModuleNotFoundError('no sigstore')\n")
    ran = gate(toy, sigstore.issue_token(), PYTHONPATH=f"{toy.folder}:{PATH}")
    assert ran.status == 4, ran.output
    assert "pip install 'cutover-gates[sigstore]'" in " ".join(ran.output.split())


def test_a_log_that_is_down_at_the_end_is_a_no_go(toy: Toy, sigstore: SigstoreInstance) -> None:
    """What the settings ask to be signed and is not is no proof."""
    sigstore.log_answers = 503
    ran = gate(toy, sigstore.issue_token())
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert "the evidence is not signed: Sigstore did not sign" in " ".join(ran.output.split())
    assert not (run_folder(toy) / "SHA256SUMS").exists()


@pytest.mark.thorough
def test_a_token_of_somebody_else_is_a_no_go(toy: Toy, sigstore: SigstoreInstance) -> None:
    """The certificate has another name than the settings: an auditor would refuse it."""
    ran = gate(toy, sigstore.issue_token("somebody@example.org"))
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert "an auditor would refuse it" in " ".join(ran.output.split())
