"""What is said of a signature that a key did not make."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.attestation.verification import verify_folder
from tests.unit.core.attestation.run_folder import KeyPair, write_run


@pytest.mark.parametrize(("kind", "told"), [("ed25519", True), ("ecdsa", False), ("rsa", False)])
def test_the_variant_of_cosign_is_told_for_the_keys_that_it_concerns(
    tmp_path: Path, kind: str, told: bool
) -> None:
    """An Ed25519ph signature of cosign looks here like the signature of another key."""
    folder = write_run(tmp_path / "run", KeyPair(kind).signer)
    (problem,) = verify_folder(folder, KeyPair(kind).verifier).problems
    assert ("Ed25519ph" in problem, "an ECDSA key" in problem) == (told, told)
