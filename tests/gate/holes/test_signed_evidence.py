"""The evidence of a gate in a real pytest process: closed last, signed, and shown as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover_gates.core.attestation.verification import FolderVerification, verify_folder
from tests.gate.holes.attestation_holes import (
    ADA,
    KEY,
    KEY_FILE,
    REQUIRED,
    WITH_KEY,
    with_waiver,
    write_key,
)
from tests.gate.holes.toy_project import CONFTEST, Toy
from tests.selection import further

LATE = f"""{CONFTEST}
import pathlib

def pytest_unconfigure(config):
    for path in pathlib.Path("reports/runs").glob("2*/verdict.json"):
        path.write_text(path.read_text().replace("NO-GO", "GO"))
"""


PASSPHRASE = {"CUTOVER_ATTESTATION__SIGNING_PASSPHRASE": "needless"}
SECOND_KEY = {"CUTOVER_ATTESTATION__SIGNING_KEY": KEY.private_pem}


def run_folder(toy: Toy) -> Path:
    """Return the folder of the newest run."""
    return max((toy.folder / "reports" / "runs").glob("2*"), key=lambda path: path.name)


def verify(toy: Toy) -> FolderVerification:
    return verify_folder(run_folder(toy), KEY.verifier)


@pytest.mark.parametrize(
    "words", [(), pytest.param(("-n", "2"), marks=pytest.mark.thorough)], ids=["alone", "workers"]
)
def test_a_signed_run_is_verified(toy: Toy, words: tuple[str, ...]) -> None:
    """Nothing of it was written after the sums, and the key is in none of its files."""
    write_key(toy)
    ran = toy.gate(*words, **dict(WITH_KEY))
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    assert "not signed" not in ran.output
    found = verify(toy)
    assert (found.problems, found.signed_by) == ((), KEY.verifier.key_id)
    assert ran.verdicts["phase3"]["subject"]["signer"] == KEY.verifier.key_id
    line = KEY.private_pem.splitlines()[1].encode()
    assert not [
        path for path in run_folder(toy).rglob("*") if path.is_file() and line in path.read_bytes()
    ]


@pytest.mark.thorough
def test_a_key_in_the_environment_signs_too(toy: Toy) -> None:
    ran = toy.gate(CUTOVER_ATTESTATION__SIGNING_KEY=KEY.private_pem)
    assert (ran.status, verify(toy).problems) == (0, ()), ran.output


def test_an_unsigned_run_says_so(toy: Toy) -> None:
    """On the terminal, in the page, in the status update and in `verdict.json`."""
    ran = toy.gate()
    assert "The evidence is not signed" in ran.output
    assert ran.verdicts["phase3"]["subject"]["signer"] is None
    for name in ("status.md", "verdict.html"):
        assert "not signed" in (run_folder(toy) / name).read_text(encoding="utf-8")
    assert "is not signed" in "; ".join(verify(toy).problems)


def test_a_verdict_that_is_edited_after_the_run_is_not_verified(toy: Toy) -> None:
    """A conftest that turns a NO-GO into a GO when pytest ends, after the sums."""
    write_key(toy)
    toy.replace("smoke/test_documents.py", "    recorder", "    assert False\n    recorder")
    toy.write("conftest.py", LATE)
    ran = toy.gate(**dict(WITH_KEY))
    assert ran.status == 1
    assert ran.verdict == "GO"
    assert "verdict.json: changed" in "; ".join(verify(toy).problems)


def test_a_statement_that_a_check_left_is_replaced(toy: Toy) -> None:
    """A check may write what it likes into the folder: sums and statement are the plugin's."""
    write_key(toy)
    toy.write(
        "smoke/test_forger.py",
        "import pathlib\n\nimport pytest\n\n\n@pytest.mark.plan('patients')\n"
        "def test_forge(recorder):\n    recorder.observe('x', y=1)\n"
        "    run = sorted(pathlib.Path('reports/runs').glob('2*'))[0]\n"
        "    for name in ('SHA256SUMS', 'verdict.intoto.json', 'verdict.sigstore.json'):\n"
        "        (run / name).write_text('forged')\n",
    )
    ran = toy.gate(**dict(WITH_KEY))
    assert (ran.status, verify(toy).problems) == (0, ()), ran.output


def test_a_no_go_is_signed_like_a_go(toy: Toy) -> None:
    """Also where the target is dead: what was not proven is evidence."""
    write_key(toy)
    toy.replace("cutover.toml", toy.url, "http://127.0.0.1:1")
    ran = toy.gate(**dict(WITH_KEY))
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert verify(toy).problems == ()
    payload = json.loads((run_folder(toy) / "verdict.intoto.json").read_text())["payload"]
    assert payload


@pytest.mark.parametrize(
    ("mode", "text", "environment", "says"),
    [
        (0o644, KEY.private_pem, {}, "chmod 600"),
        (0o600, "hello", {}, "is not a private key"),
        further(0o600, KEY.public_pem.decode(), {}, "is not a private key"),
        further(0o600, KEY.private_pem, PASSPHRASE, "is not encrypted"),
        further(0o600, KEY.private_pem, SECOND_KEY, "not in both"),
        further(0o600, "", {}, "is not a file with a key"),
    ],
    ids=["readable by others", "no key", "public", "passphrase", "two keys", "empty"],
)
def test_a_wrong_key_is_told_before_the_first_check(
    toy: Toy, mode: int, text: str, environment: dict[str, str], says: str
) -> None:
    """One sentence, status 4, and nothing of the key."""
    toy.write(KEY_FILE, text)
    (toy.folder / KEY_FILE).chmod(mode)
    ran = toy.gate(**dict(WITH_KEY), **environment)
    assert ran.status == 4, ran.output
    assert says in ran.output
    assert KEY.private_pem.splitlines()[1] not in ran.output
    assert "Traceback" not in ran.output


def test_where_a_signature_is_required_no_gate_goes_without(toy: Toy) -> None:
    ran = toy.gate(CUTOVER_ATTESTATION__REQUIRED="true")
    assert ran.status == 4, ran.output
    assert "there is no signing key" in ran.output


def test_a_signed_waiver_counts_and_shows(toy: Toy) -> None:
    """Also where signatures are required."""
    with_waiver(signed_for="documents")(toy)
    ran = toy.gate(**dict(REQUIRED))
    assert (ran.verdict, ran.status) == ("GO WITH WAIVERS", 0), ran.output
    assert "Ada Example, release captain (signed) until" in ran.output


@pytest.mark.parametrize("signed_for", ["", further("patients")], ids=["unsigned", "forged"])
def test_a_waiver_without_its_signature_is_told(toy: Toy, signed_for: str) -> None:
    """An unsigned one counts and is shown as such; a wrong signature is rejected."""
    with_waiver(signed_for=signed_for)(toy)
    ran = toy.gate(**dict(ADA))
    if signed_for:
        assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
        assert "is not that of Ada Example" in " ".join(ran.output.split())
    else:
        assert (ran.verdict, ran.status) == ("GO WITH WAIVERS", 0), ran.output
        assert "(unsigned) until" in ran.output
