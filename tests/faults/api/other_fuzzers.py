"""The faults of the API, given to others: `python -m benchmarks.contract_peers [--seconds N]
[--only PEER …] [--write]`.

Each fault of `tests/faults/api` is put into the same hospital, and each peer tries it as its
manual says, with its defaults, signed in as the administrator, for so many seconds at most. A peer
has caught a fault when it finds something that it does not find in the hospital without one, asked
for the same operations; what it finds there is false, for that hospital keeps its document.
`--write` puts the table into docs/contract-peers.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.faults import hospitals
from tests.faults.api.api_fault import ApiFault
from tests.faults.api.document_subset import keep_operations
from tests.faults.api.gate_on_fault import run_gate_on_fault, run_gate_without_fault
from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.serve import NONE

BY_NAME = faults_of_kind("api", ApiFault)
PAGE = hospitals.ROOT / "docs" / "contract-peers.md"
SLACK = 15.0
"""Seconds beyond its own limit after which a peer is stopped."""


@dataclass(frozen=True)
class Outcome:
    """What a peer found, a line each, and how long it took."""

    found: frozenset[str]
    seconds: float


@dataclass(frozen=True)
class Peer:
    """Somebody who tries an API.

    `command` gives the words for an address, a token, a folder and a number of seconds; `read` what
    came of it.
    """

    name: str
    command: Callable[[str, str, Path, int], list[str]]
    read: Callable[[Path, str], frozenset[str]]

    def tries(
        self, hospital: hospitals.Hospital, only: tuple[str, ...], folder: Path, seconds: int
    ) -> Outcome:
        """`only`: the operations that the document is narrowed to, if it is not yet."""
        folder.mkdir()
        token = httpx.post(
            f"{hospital.url}/api/v1/auth/sign-in",
            json={"username": "administrator", "password": hospital.staff["administrator"]},
        )
        document = httpx.get(f"{hospital.url}/openapi.json").json()
        (folder / "openapi.json").write_text(
            json.dumps(document if _is(document, only) else keep_operations(document, only)),
            encoding="utf-8",
        )
        began = time.monotonic()
        try:
            ran = subprocess.run(
                self.command(hospital.url, token.json()["access_token"], folder, seconds),
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=seconds + SLACK,
                check=False,
            )
            said = ran.stdout + ran.stderr
        except subprocess.TimeoutExpired as late:
            said = (late.stdout or b"").decode(errors="replace")
        return Outcome(self.read(folder, said), time.monotonic() - began)


def _st(url: str, token: str, folder: Path, seconds: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(folder / "openapi.json"),
        "--url",
        url,
        "-H",
        f"Authorization: Bearer {token}",
        "--no-color",
        "--max-time",
        str(seconds),
        "--report-json-path",
        str(folder / "report.json"),
    ]


def _st_found(folder: Path, _said: str) -> frozenset[str]:
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(
        f"{one.get('operation') or one.get('label')}: {one.get('title') or one.get('check')}"
        for one in report.get("failures", ())
    )


def _fuzzer(url: str, token: str, folder: Path, _seconds: int) -> list[str]:
    return [
        "openapi-fuzzer",
        "run",
        "--spec",
        str(folder / "openapi.json"),
        "--url",
        url,
        "--header",
        f"Authorization: Bearer {token}",
        "--results-dir",
        str(folder / "results"),
    ]


def _fuzzer_found(folder: Path, _said: str) -> frozenset[str]:
    return frozenset(path.stem for path in (folder / "results").glob("*.json"))


PEERS: Mapping[str, Peer] = {
    "st run": Peer("st run", _st, _st_found),
    "openapi-fuzzer": Peer("openapi-fuzzer", _fuzzer, _fuzzer_found),
}


def _ours(cluster: hospitals.Cluster, name: str, folder: Path) -> tuple[bool, float]:
    """Whether the gate caught the fault by its own item; for none, whether it said GO."""
    folder.mkdir()
    verdict = (
        run_gate_without_fault(cluster, {}, folder)
        if name == NONE
        else run_gate_on_fault(cluster, BY_NAME[name], folder)
    )
    if name == NONE:
        return verdict.word == "GO", verdict.seconds
    return not find_problems(BY_NAME[name], verdict), verdict.seconds


def main() -> int:
    arguments = _arguments()
    missing = [
        name
        for name in arguments.only
        if name in PEERS and name != "st run" and not shutil.which(name)
    ]
    peers = [PEERS[name] for name in arguments.only if name in PEERS and name not in missing]
    rows: dict[str, dict[str, str]] = {}
    clean_of: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}
    caught: dict[str, int] = dict.fromkeys(["ours", *(peer.name for peer in peers)], 0)
    took: dict[str, float] = dict.fromkeys(caught, 0.0)
    with hospitals.cluster() as cluster, tempfile.TemporaryDirectory() as kept:
        for name in (NONE, *(arguments.faults or BY_NAME)):
            folder = Path(kept) / name
            folder.mkdir()
            row = rows.setdefault(name, {})
            only = () if name == NONE else BY_NAME[name].only
            for peer in peers:
                of = (peer.name, only)
                if of not in clean_of:
                    with hospitals.hospital(cluster, NONE, folder) as hospital:
                        clean_of[of] = peer.tries(
                            hospital,
                            only,
                            folder / f"clean-{peer.name}".replace(" ", "-"),
                            arguments.seconds,
                        ).found
                if name == NONE:
                    row[peer.name] = f"{len(clean_of[of])} found"
                    continue
                with hospitals.hospital(cluster, name, folder) as hospital:
                    outcome = peer.tries(
                        hospital, only, folder / peer.name.replace(" ", "-"), arguments.seconds
                    )
                caught[peer.name] += bool(outcome.found - clean_of[of])
                took[peer.name] += outcome.seconds
                row[peer.name] = "caught" if outcome.found - clean_of[of] else "not"
            if "ours" in arguments.only:
                well, seconds = _ours(cluster, name, folder / "ours")
                caught["ours"] += well and name != NONE
                took["ours"] += seconds
                row["ours"] = (
                    ("GO" if well else "NO-GO") if name == NONE else "caught" if well else "not"
                )
            print(name, row, flush=True)
    false = {
        peer.name: sum(bool(found) for (who, _), found in clean_of.items() if who == peer.name)
        for peer in peers
    }
    tried_clean = {peer.name: sum(who == peer.name for who, _ in clean_of) for peer in peers}
    print(
        "false findings:",
        {name: f"in {false[name]} of {tried_clean[name]} clean documents" for name in false},
    )
    rows["(clean documents with a false finding)"] = {
        name: f"{false[name]} of {tried_clean[name]}" for name in false
    }
    lines = [
        *_table(rows, caught, took),
        *(f"\n{name} is not installed: left out." for name in missing),
    ]
    print(*lines, sep="\n")
    if arguments.write:
        PAGE.write_text(
            "\n".join(
                [
                    "# The contract's faults, given to others",
                    "",
                    *_how(arguments.seconds),
                    "",
                    *lines,
                ]
            )
            + "\n",
            encoding="utf-8",
        )
    return 0


def _is(document: Mapping[str, Any], only: tuple[str, ...]) -> bool:
    """Whether the fault has narrowed it already.

    A document that is broken by the fault stays as it is.
    """
    return not only or len(document.get("paths", ())) <= len(only)


def _how(seconds: int) -> list[str]:
    return [
        (
            "Made anew by `python -m benchmarks.contract_peers --write`. Every fault of"
            " `tests/faults/api` in the same hospital; each peer"
        ),
        (
            f"with its defaults, signed in as the administrator, for {seconds} s at most. Caught:"
            " it found something that it does not find in the"
        ),
        (
            "hospital without a fault, asked for the same operations; what it finds there is false."
            " Ours: the gate `phase3 and contract`, and caught"
        ),
        (
            "only where the named item says why. `openapi-fuzzer` (crates.io) looks at statuses"
            " alone; a peer that is given one document knows"
        ),
        "nothing of the release before.",
    ]


def _table(
    rows: Mapping[str, Mapping[str, str]], caught: Mapping[str, int], took: Mapping[str, float]
) -> list[str]:
    names = list(caught)
    faults = sum(name in BY_NAME for name in rows)
    return [
        f"| fault | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
        *(
            f"| {'(none)' if name == NONE else name} |"
            f" {' | '.join(row.get(peer, '') for peer in names)} |"
            for name, row in rows.items()
        ),
        f"| **caught of {faults}** | {' | '.join(f'**{caught[name]}**' for name in names)} |",
        f"| seconds each | {' | '.join(f'{took[name] / max(faults, 1):.1f}' for name in names)} |",
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.contract_peers",
        description="The contract's faults, given to others.",
    )
    parser.add_argument(
        "--seconds", type=int, default=30, help="that a peer may take for one hospital (default 30)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=["ours", *PEERS],
        choices=["ours", *PEERS],
        help="whom to try (default: all)",
    )
    parser.add_argument("--faults", nargs="*", help="faults to try (default: all)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
