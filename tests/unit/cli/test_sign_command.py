"""`cutover-gates sign`: a person's signatures are written into the file, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cutover_gates.cli.main import app
from cutover_gates.core.attestation.decision_signatures import DecisionVerifier, PersonKeys
from cutover_gates.core.waivers import load_decisions
from tests.unit.core.attestation.run_folder import KeyPair

KEY = KeyPair()
VERIFIER = DecisionVerifier(PersonKeys({"Ada Example": [KEY.verifier]}))
WAIVER = """
[[waiver]]   # a comment that stays
item = "{item}"
target = "staging"
release = "2.0.0"
by = "{by}"
at = 2026-11-23
reason = "one node is being replaced"
expires = 2026-11-24
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "waivers.toml"
    path.write_text(
        "# the head\n"
        + WAIVER.format(item="redis", by="Ada Example, captain")
        + WAIVER.format(item="documents", by="Ada Example")
        + WAIVER.format(item="alerts", by="Grace Example")
    )
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "ada.pem"
    path.write_text(KEY.private_pem)
    path.chmod(0o600)
    return path


def sign(*words: object) -> Result:
    return CliRunner().invoke(app, ["sign", *map(str, words)])


def signed_items(file: Path) -> list[str]:
    return [one.item for one in load_decisions(file, "waiver", VERIFIER) if one.is_signed]


def test_a_person_signs_their_own_decisions(file: Path, key: Path) -> None:
    """Each is shown, and comments and layout stay."""
    before = file.read_text()
    ran = sign(file, "--name", "Ada Example", "--key", key)
    assert ran.exit_code == 0, ran.output
    assert [line.split()[3] for line in ran.output.splitlines()] == ["redis", "documents"]
    assert signed_items(file) == ["redis", "documents"]
    lines = [line for line in file.read_text().splitlines() if not line.startswith("signature")]
    assert lines == before.splitlines()


def test_one_item_can_be_signed_alone(file: Path, key: Path) -> None:
    assert sign(file, "--name", "Ada Example", "--key", key, "--item", "redis").exit_code == 0
    assert signed_items(file) == ["redis"]


def test_signing_again_renews_the_signature(file: Path, key: Path) -> None:
    """A changed entry counts again once its person signs it again."""
    words = (file, "--name", "Ada Example", "--key", key)
    sign(*words)
    file.write_text(file.read_text().replace("one node", "two nodes"))
    assert signed_items(file) == []
    sign(*words)
    assert signed_items(file) == ["redis", "documents"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda file, key: key.chmod(0o644), "chmod 600"),
        (lambda file, key: key.write_text("hello"), "is not a private key"),
        (lambda file, key: key.unlink(), "cannot be read"),
        (lambda file, key: file.unlink(), "NOTHING SIGNED"),
        (lambda file, key: file.write_text("[[waiver]\n"), "NOTHING SIGNED"),
        (lambda file, key: file.write_bytes(b"\xff"), "NOTHING SIGNED"),
        (lambda file, key: file.write_text("[[waiver]]\nitem = 1\n"), "is missing"),
        (lambda file, key: file.write_text("waiver = 3\n"), "with two brackets"),
        (lambda file, key: file.write_text(""), "has no decision by"),
        (
            lambda file, key: file.write_text(file.read_text().replace("Ada", "Eve")),
            "has no decision by",
        ),
    ],
    ids=[
        "key for all",
        "no key",
        "key missing",
        "file missing",
        "no TOML",
        "no text",
        "no decision",
        "no table",
        "empty",
        "nobody",
    ],
)
def test_a_mistake_is_one_sentence(file: Path, key: Path, change: object, says: str) -> None:
    """Nothing is signed, and nothing of the key shows."""
    assert callable(change)
    change(file, key)
    ran = sign(file, "--name", "Ada Example", "--key", key)
    assert ran.exit_code == 4
    assert says in ran.output
    assert "Traceback" not in ran.output
    assert KEY.private_pem.splitlines()[1] not in ran.output
