"""cosign accepts what we sign, and we accept what it signs. No network, no transparency log.

`go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3` builds it (half an hour on two cores).
It must stand in PATH, or its path in the variable COSIGN.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cutover_gates.core.attestation.envelope import parse_envelope
from cutover_gates.core.attestation.verification import verify_folder
from tests.unit.core.attestation.run_folder import KINDS, KeyPair, write_run

pytestmark = pytest.mark.thorough
TYPE = "https://in-toto.io/attestation/test-result/v0.1"
VERIFY = (
    "verify-blob-attestation --key key.pub --bundle run/verdict.sigstore.json"
    f" --type {TYPE} --insecure-ignore-tlog"
)
SIGN = (
    "attest-blob --key cosign.key --statement statement.json --bundle bundle.json"
    " --use-signing-config=false --tlog-upload=false --yes run/SHA256SUMS"
)


@pytest.fixture(scope="session")
def cosign() -> str:
    program = os.environ.get("COSIGN") or shutil.which("cosign")
    assert program, "cosign is neither in PATH nor named by COSIGN; see the head of this file"
    return program


def run(program: str, words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *words.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        env={"COSIGN_PASSWORD": "pass", "HOME": str(folder), "PATH": os.environ["PATH"]},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_cosign_verifies_what_we_sign(cosign: str, tmp_path: Path, kind: str) -> None:
    """And refuses a file that the statement does not name, and another key."""
    key = KeyPair(kind)
    (tmp_path / "key.pub").write_bytes(key.public_pem)
    write_run(tmp_path / "run", key.signer)
    ran = run(cosign, f"{VERIFY} run/SHA256SUMS", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert run(cosign, f"{VERIFY} run/status.md", tmp_path).returncode == 1
    (tmp_path / "key.pub").write_bytes(KeyPair(kind).public_pem)
    assert run(cosign, f"{VERIFY} run/SHA256SUMS", tmp_path).returncode == 1


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_we_verify_what_cosign_signs(cosign: str, tmp_path: Path, kind: str) -> None:
    """As a bundle, and as the envelope in it.

    Its own keys are ECDSA. With an Ed25519 key it signs a digest (Ed25519ph), which neither
    `cryptography` nor in-toto's library can verify.
    """
    key = KeyPair(kind)
    (tmp_path / "key.pem").write_text(key.private_pem)
    folder = write_run(tmp_path / "run", None)
    payload = parse_envelope((folder / "verdict.intoto.json").read_bytes()).payload
    (tmp_path / "statement.json").write_bytes(payload)
    run(cosign, "import-key-pair --key key.pem --output-key-prefix cosign", tmp_path)
    ran = run(cosign, SIGN, tmp_path)
    assert ran.returncode == 0, ran.stderr
    bundle = (tmp_path / "bundle.json").read_text()
    for text in (bundle, json.dumps(json.loads(bundle)["dsseEnvelope"])):
        (folder / "verdict.intoto.json").write_text(text)
        assert verify_folder(folder, key.verifier).problems == ()
        assert verify_folder(folder, KeyPair(kind).verifier).problems
