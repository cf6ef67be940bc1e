"""A folder that an identity signed: who may verify it, and what a forger can not do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cutover_gates.cli.main import app
from cutover_gates.core.attestation.keyless import (
    KeylessIdentity,
    KeylessVerifier,
    load_trust_config,
)
from cutover_gates.core.attestation.verification import verify_folder
from cutover_gates.plugin.signing import KeylessSigner
from tests.integration.attestation.sigstore_instance import (
    IDENTITY,
    ISSUER,
    SigstoreInstance,
    run_sigstore,
)
from tests.unit.core.attestation.run_folder import KeyPair, write_run

COSIGN_VERIFY = (
    "verify-blob-attestation --bundle run/verdict.sigstore.json --trusted-root root.json"
    f" --certificate-oidc-issuer {ISSUER} --type https://in-toto.io/attestation/test-result/v0.1"
)


@pytest.fixture
def sigstore() -> Iterator[SigstoreInstance]:
    with run_sigstore() as instance:
        yield instance


@pytest.fixture
def signer(sigstore: SigstoreInstance, tmp_path: Path) -> KeylessSigner:
    (tmp_path / "trust.json").write_text(sigstore.describe_trust())
    (tmp_path / "root.json").write_text(json.dumps(sigstore.describe_trusted_root()))
    trust = load_trust_config(tmp_path / "trust.json")
    verifier = KeylessVerifier(KeylessIdentity(IDENTITY, ISSUER), trust.trusted_root)
    return KeylessSigner(trust, verifier, sigstore.issue_token)


@pytest.fixture
def folder(signer: KeylessSigner, tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", signer)


def verify(folder: Path, identity: str = IDENTITY, issuer: str = ISSUER, *words: str) -> Result:
    trust = str(folder.parent / "trust.json")
    call = ["verify", str(folder), "--identity", identity, "--issuer", issuer]
    return CliRunner().invoke(app, [*call, "--trust-config", trust, *words])


def test_the_identity_is_verified(folder: Path) -> None:
    """With a client trust config, and with the trusted root alone."""
    ran = verify(folder)
    assert (ran.exit_code, ran.output.count("\n")) == (0, 1), ran.output
    assert f"the signature is of {IDENTITY} ({ISSUER})" in ran.output
    shutil.copy(folder.parent / "root.json", folder.parent / "trust.json")
    assert verify(folder).exit_code == 0


@pytest.mark.parametrize(
    ("identity", "issuer"),
    [("other@example.org", ISSUER), (IDENTITY, "https://other.example.org")],
    ids=["identity", "issuer"],
)
def test_another_identity_is_not_verified(folder: Path, identity: str, issuer: str) -> None:
    ran = verify(folder, identity, issuer)
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1), ran.output
    assert "the signature is not one of" in ran.output


def test_another_instance_is_not_trusted(folder: Path) -> None:
    with run_sigstore() as other:
        (folder.parent / "trust.json").write_text(other.describe_trust())
    assert verify(folder).exit_code == 1


def test_a_key_that_signs_in_the_name_of_an_identity_is_not_verified(
    tmp_path: Path, folder: Path
) -> None:
    """The bundle of a key, the bundle of another run, and none at all."""
    forged = write_run(tmp_path / "forged", KeyPair("ecdsa").signer)
    assert verify(forged).exit_code == 1
    shutil.copy(folder / "verdict.sigstore.json", forged)
    assert verify(forged).exit_code == 1
    (folder / "verdict.sigstore.json").unlink()
    ran = verify(folder)
    assert "verdict.sigstore.json, which shows who signed, cannot be read" in ran.output
    assert ran.exit_code == 1


@pytest.mark.parametrize("part", ["certificate", "tlogEntries", "inclusionProof", "signatures"])
def test_a_bundle_that_lacks_a_part_is_not_verified(folder: Path, part: str) -> None:
    """Nobody certified, or nothing shows when: each part counts."""
    path = folder / "verdict.sigstore.json"
    bundle = json.loads(path.read_text())
    for table in (
        bundle["verificationMaterial"],
        bundle["verificationMaterial"]["tlogEntries"][0],
        bundle["dsseEnvelope"],
    ):
        table.pop(part, None)
    path.write_text(json.dumps(bundle))
    assert verify(folder).exit_code == 1


def test_an_edited_folder_is_not_verified(folder: Path) -> None:
    (folder / "status.md").write_text("GO")
    ran = verify(folder)
    assert ran.exit_code == 1
    assert "status.md: changed" in ran.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--identity", IDENTITY], "belong together"),
        (["--issuer", ISSUER], "belong together"),
        (["--identity", IDENTITY, "--issuer", ISSUER, "--key", "x"], "exclude each other"),
        (["--identity", IDENTITY, "--issuer", ISSUER, "--trust-config", "x"], "is not a file"),
    ],
)
def test_a_wrong_call_is_one_sentence(folder: Path, words: list[str], says: str) -> None:
    ran = CliRunner().invoke(app, ["verify", str(folder), *words])
    assert (ran.exit_code, ran.output.count("\n")) == (4, 1), ran.output
    assert says in ran.output


def test_with_neither_key_nor_identity_nothing_says_who_signed(folder: Path) -> None:
    assert verify_folder(folder, None).problems


@pytest.mark.thorough
def test_cosign_verifies_the_identity(folder: Path) -> None:
    """And refuses another, and a file that the statement does not name."""
    program = os.environ.get("COSIGN") or shutil.which("cosign")
    assert program, "cosign is neither in PATH nor named by COSIGN; see test_cosign.py"

    def cosign(identity: str, name: str) -> int:
        call = [program, *COSIGN_VERIFY.split(), "--certificate-identity", identity, f"run/{name}"]
        environment = {"HOME": str(folder.parent), "PATH": os.environ["PATH"]}
        return subprocess.run(
            call, cwd=folder.parent, timeout=100, env=environment, check=False
        ).returncode

    assert cosign(IDENTITY, "SHA256SUMS") == 0
    assert cosign("other@example.org", "SHA256SUMS") == 1
    assert cosign(IDENTITY, "status.md") == 1
