"""Tries the gate of the suite `contract` on a hospital, as a user would: a pytest process with
settings of its own, and its verdict.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults import gate_runs, hospitals
from tests.faults.api.api_fault import ApiFault
from tests.faults.api.document_subset import keep_operations, keep_role_rows, list_left_out
from tests.faults.results import Verdict
from tests.faults.serve import NONE
from tests.hospital_document import load_document

GATE = "phase3 and contract"
EMBEDDED: Mapping[str, Any] = tomllib.loads(
    (hospitals.ROOT / "cutover.toml").read_text(encoding="utf-8")
)["targets"]["embedded"]["contract"]
"""Who may do what, and what clients were built for: it is the same hospital."""
USUAL: Mapping[str, Any] = {**EMBEDDED, "seconds": 60, "rate": 500}


def run_gate_on_fault(
    cluster: hospitals.Cluster, fault: type[ApiFault], folder: Path, *files: str
) -> Verdict:
    """Return the gate's verdict on a hospital with this fault, or that of only these files."""
    with hospitals.hospital(cluster, fault.__name__, folder) as hospital:
        asked = {**_of_the(fault.only, folder), **fault.asked}
        if fault.staff:
            asked["roles"] = {"anybody": asked["roles"]["anybody"]}
        return _judged(
            hospital, asked, folder, fault.seconds, *files, more=fault.staff + fault.mapping
        )


def run_gate_on_defect(
    cluster: hospitals.Cluster, name: str, folder: Path, *files: str, more: str = ""
) -> Verdict:
    """Return the gate's verdict on a hospital with any defect, by its name.

    `more` are further settings. The fuzzing run has time for every operation on a busy machine.
    """
    with hospitals.hospital(cluster, name, folder) as hospital:
        asked = {**_of_the((), folder), "seconds": 240}
        return _judged(hospital, asked, folder, 2 * ApiFault.seconds, *files, more=more)


def run_gate_without_fault(
    cluster: hospitals.Cluster,
    asked: Mapping[str, Any],
    folder: Path,
    seconds: float = ApiFault.seconds,
) -> Verdict:
    """The gate's verdict on a hospital without a fault; `asked` is as a fault's."""
    with hospitals.hospital(cluster, NONE, folder) as hospital:
        return _judged(hospital, {**_of_the((), folder), **asked}, folder, seconds)


def _of_the(only: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """The settings for an API of only these operations."""
    before = keep_operations(load_document(), only)
    recorded = folder / "before.json"
    recorded.write_text(json.dumps(before), encoding="utf-8")
    return {
        **USUAL,
        "previous_document": str(recorded),
        "roles": keep_role_rows(EMBEDDED["roles"], before),
        "undocumented": list_left_out(before) if only else {},
    }


def _judged(
    hospital: hospitals.Hospital,
    asked: Mapping[str, Any],
    folder: Path,
    seconds: float,
    *files: str,
    more: str = "",
) -> Verdict:
    told = {**gate_runs.secrets_of(hospital), "CUTOVER_TARGETS__TRIED__CONTRACT": json.dumps(asked)}
    return gate_runs.run_gate(
        GATE,
        gate_runs.write_settings(hospital, folder, more),
        told,
        Path(hospital.shared) / "compiled",
        *gate_runs.PLAIN,
        *files,
        seconds=seconds,
    )
