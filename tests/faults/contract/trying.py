"""Tries the gate of the suite `contract` on a hospital, as a user would: a pytest process with
settings of its own, and its verdict.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults import gates, hospitals
from tests.faults.contract.fault import ContractFault
from tests.faults.contract.narrow import narrowed, rows_of
from tests.faults.serve import NONE

GATE = "phase3 and contract"
EMBEDDED: Mapping[str, Any] = tomllib.loads(
    (hospitals.ROOT / "cutover.toml").read_text(encoding="utf-8")
)["targets"]["embedded"]["contract"]
"""Who may do what, and what clients were built for: it is the same hospital."""
USUAL: Mapping[str, Any] = {**EMBEDDED, "seconds": 60, "rate": 500}


def tried(cluster: hospitals.Cluster, fault: type[ContractFault], folder: Path) -> gates.Verdict:
    """The gate's verdict on a hospital with this fault."""
    with hospitals.hospital(cluster, fault.__name__, folder) as hospital:
        return _judged(
            hospital, {**_of_the(fault.only, folder), **fault.asked}, folder, fault.seconds
        )


def clean(
    cluster: hospitals.Cluster,
    asked: Mapping[str, Any],
    folder: Path,
    seconds: float = ContractFault.seconds,
) -> gates.Verdict:
    """The gate's verdict on a hospital without a fault; `asked` is as a fault's."""
    with hospitals.hospital(cluster, NONE, folder) as hospital:
        return _judged(hospital, {**_of_the((), folder), **asked}, folder, seconds)


def _of_the(only: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """The settings for an API of only these operations."""
    before = narrowed(
        json.loads((hospitals.ROOT / EMBEDDED["previous_document"]).read_text(encoding="utf-8")),
        only,
    )
    recorded = folder / "before.json"
    recorded.write_text(json.dumps(before), encoding="utf-8")
    return {
        **USUAL,
        "previous_document": str(recorded),
        "roles": rows_of(EMBEDDED["roles"], before),
    }


def _judged(
    hospital: hospitals.Hospital, asked: Mapping[str, Any], folder: Path, seconds: float
) -> gates.Verdict:
    told = {**gates.secrets_of(hospital), "CUTOVER_TARGETS__TRIED__CONTRACT": json.dumps(asked)}
    return gates.judged(
        GATE,
        gates.settings(hospital, folder),
        told,
        Path(hospital.shared) / "compiled",
        seconds=seconds,
    )
