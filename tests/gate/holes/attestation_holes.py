"""Attacks on the evidence while a run makes it: what could not be summed and signed is NO-GO."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

from cutover_gates.core.attestation.decision_signatures import sign_decision
from cutover_gates.core.attestation.sums import STATEMENT_FILE, SUMS_FILE
from tests.gate.holes.catalogue import Change, Hole, body, documents_fail
from tests.gate.holes.toy_project import Toy
from tests.unit.core.attestation.run_folder import KeyPair

KEY = KeyPair()
KEY_FILE = "signing.pem"
WITH_KEY = (("CUTOVER_ATTESTATION__SIGNING_KEY_FILE", KEY_FILE),)
RUN_FOLDER = (
    "import os, pathlib",
    "run = sorted(pathlib.Path('reports/runs').glob('2*'))[0]",
)


def in_run_folder(*lines: str) -> Change:
    """Return a change that lets the sign-in check do something in the run's folder."""
    return body(*RUN_FOLDER, *lines)


def with_key(*lines: str) -> Change:
    """Return the same in a project whose evidence is signed."""

    def change(toy: Toy) -> None:
        write_key(toy)
        if lines:
            in_run_folder(*lines)(toy)

    return change


def write_key(toy: Toy) -> None:
    """Write the signing key as its owner alone can read it."""
    toy.write(KEY_FILE, KEY.private_pem)
    (toy.folder / KEY_FILE).chmod(0o600)


def _hole(name: str, change: Change, holds: str, *, thorough: bool = False) -> Hole:
    return Hole(name, change=change, outcome="passed", holds=holds, thorough=thorough)


def _signed_hole(name: str, change: Change, holds: str, *, thorough: bool = False) -> Hole:
    return Hole(
        name,
        change=change,
        outcome="passed",
        holds=holds,
        environment=WITH_KEY,
        thorough=thorough,
    )


WAIVER = """
item = "documents"
target = "toy"
release = "1.0"
by = "Ada Example, release captain"
at = {at}
reason = "there is a paper archive"
expires = {expires}
"""
ADA = (
    ("CUTOVER_PEOPLE__ADA__NAME", "Ada Example"),
    ("CUTOVER_PEOPLE__ADA__PUBLIC_KEY_FILE", "ada.pem"),
)
REQUIRED = (("CUTOVER_REQUIRE_SIGNED_DECISIONS", "true"), *ADA)


def with_waiver(*, signed_for: str = "", key: KeyPair = KEY) -> Change:
    """Return a change in which documents fail and Ada Example waives them.

    The waiver has the signature of one that is about `signed_for`; none where that is empty.
    """

    def change(toy: Toy) -> None:
        documents_fail(toy)
        toy.write("ada.pem", KEY.public_pem.decode())
        today = datetime.now(UTC).date()
        text = WAIVER.format(at=today, expires=today + timedelta(days=2))
        row = tomllib.loads(text) | {"item": signed_for}
        signature = f'signature = "{sign_decision("waiver", row, key.signer)}"\n'
        toy.write("waivers.toml", f"[[waiver]]{text}{signature if signed_for else ''}")

    return change


def _waiver_hole(name: str, change: Change, *, thorough: bool = False) -> Hole:
    return Hole(
        name,
        change=change,
        item="documents",
        outcome="failed",
        environment=REQUIRED,
        thorough=thorough,
    )


HOLES = (
    _waiver_hole("decisions: a waiver that nobody signed, where it must be", with_waiver()),
    _waiver_hole(
        "decisions: a waiver with the signature of another",
        with_waiver(signed_for="patients"),
        thorough=True,
    ),
    _waiver_hole(
        "decisions: a waiver that somebody else signed",
        with_waiver(signed_for="documents", key=KeyPair()),
        thorough=True,
    ),
    _hole(
        "evidence: a link among the files, whose target can change later",
        in_run_folder("(run / 'elsewhere').symlink_to('/etc/hostname')"),
        "elsewhere is a symbolic link",
    ),
    _hole(
        "evidence: a link to a folder",
        in_run_folder("(run / 'elsewhere').symlink_to('/etc')"),
        "elsewhere is a symbolic link",
        thorough=True,
    ),
    _hole(
        "evidence: a link that leads nowhere",
        in_run_folder("(run / 'elsewhere').symlink_to('nothing')"),
        "elsewhere is a symbolic link",
        thorough=True,
    ),
    _hole(
        "evidence: a pipe among the files, at which reading waits for ever",
        in_run_folder("os.mkfifo(run / 'pipe')"),
        "pipe is not a file",
        thorough=True,
    ),
    _hole(
        "evidence: a folder in the place of the sums, whose file moves away with it",
        in_run_folder(f"(run / '{SUMS_FILE}').mkdir()", f"(run / '{SUMS_FILE}/x').touch()"),
        "does not agree with its own sums",
    ),
    _signed_hole(
        "evidence: a folder in the place of the statement, whose file moves away with it",
        with_key(f"(run / '{STATEMENT_FILE}').mkdir()", f"(run / '{STATEMENT_FILE}/x').touch()"),
        "does not agree with its own sums",
        thorough=True,
    ),
    _signed_hole(
        "evidence: the signing key in an output",
        with_key(f"(run / 'x.txt').write_text(pathlib.Path('{KEY_FILE}').read_text())"),
        "holds a secret (signing key)",
    ),
    _signed_hole(
        "evidence: one line of the signing key in an output",
        with_key(f"(run / 'x').write_text(pathlib.Path('{KEY_FILE}').read_text().split()[3])"),
        "holds a secret (signing key)",
        thorough=True,
    ),
)
