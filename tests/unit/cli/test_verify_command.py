"""`cutover-gates verify`: one sentence, and an exit status for each of three ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cutover_gates.cli.main import app
from tests.unit.core.attestation.run_folder import KeyPair, write_run

KEY = KeyPair()


def verify(*words: object) -> Result:
    return CliRunner().invoke(app, ["verify", *map(str, words)])


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "public.pem"
    path.write_bytes(KEY.public_pem)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", KEY.signer)


def test_what_agrees_is_verified(folder: Path, key: Path) -> None:
    """The sentence says what was judged, and who signed."""
    ran = verify(folder, "--key", key)
    assert (ran.exit_code, ran.output.count("\n")) == (0, 1)
    assert ran.output.startswith("VERIFIED: ")
    assert "GO WITH WAIVERS of phase3 on staging, release 2.0.0" in ran.output
    assert KEY.signer.key_id in ran.output


def test_what_differs_is_not_verified(folder: Path, key: Path) -> None:
    """Also where a file's name holds what a terminal would obey: still one line."""
    (folder / "a\x1b[1AVERIFIED\n").write_text("x")
    ran = verify(folder, "--key", key)
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert ran.output.startswith("NOT VERIFIED: ")
    assert "\x1b" not in ran.output


def test_files_alone_say_that_nobody_signed(tmp_path: Path) -> None:
    ran = verify(write_run(tmp_path / "run", None), "--files-only")
    assert ran.exit_code == 0
    assert "nothing says who wrote it" in ran.output


def test_an_edited_verdict_cannot_write_on_the_terminal(folder: Path) -> None:
    path = folder / "verdict.json"
    path.write_text(path.read_text().replace("staging", "\\u001b[2Jstaging\\nVERIFIED"))
    ran = verify(folder, "--files-only")
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert "\x1b" not in ran.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a file with a key"),
        ("hello", "is not a public key"),
        (KEY.private_pem, "is a private key"),
        ("x" * 100_000, "is not a file with a key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "is not a public key"),
    ],
    ids=["empty", "no key", "private", "huge", "broken"],
)
def test_a_key_that_is_none_is_a_mistake(
    folder: Path, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "wrong.pem").write_text(text)
    ran = verify(folder, "--key", tmp_path / "wrong.pem")
    assert (ran.exit_code, ran.output.count("\n")) == (4, 1)
    assert says in ran.output
    assert "Traceback" not in ran.output


@pytest.mark.parametrize("kind", ["missing", "a file", "empty", "a folder for the key"])
def test_what_cannot_be_verified_is_a_mistake(tmp_path: Path, key: Path, kind: str) -> None:
    words: dict[str, list[object]] = {
        "missing": [tmp_path / "none"],
        "a file": [key],
        "empty": [tmp_path / "new"],
        "a folder for the key": [write_run(tmp_path / "run", None), "--key", tmp_path],
    }
    (tmp_path / "new").mkdir()
    ran = verify(*words[kind])
    assert (ran.exit_code, ran.output.count("\n")) == (4, 1)


def test_a_key_and_files_only_exclude_each_other(folder: Path, key: Path) -> None:
    assert verify(folder, "--key", key, "--files-only").exit_code == 4
