"""Faults of a night: each is in the hospital that one gate judges, and one item has to tell it.

The hospital is changed in a clone of the checkout, in `reference/` alone: what judges is the same.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.faults.hospitals import ROOT


@dataclass(frozen=True)
class NightFault:
    """A fault: `harm` is what it does, `new` stands in `file` in place of `old`."""

    gate: str
    item: str
    harm: str
    file: str
    old: str
    new: str

    def put_in(self, checkout: Path) -> None:
        """Change the hospital of a checkout. Raises `ValueError` where it has changed meanwhile."""
        path = checkout / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has not exactly one {self.old!r}: correct the fault")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


FAULTS = (
    NightFault(
        gate="phase1",
        item="row-counts",
        harm="the migration loses a document",
        file="reference/cutover.py",
        old='        connection.execute("ANALYZE")\n',
        new=(
            '        connection.execute("DELETE FROM documents WHERE ctid = (SELECT min(ctid) FROM'
            ' documents)")\n'
            '        connection.execute("ANALYZE")\n'
        ),
    ),
    NightFault(
        gate="phase2",
        item="canary-deployment",
        harm="the new release alone cannot read a patient",
        file="reference/patients/routes.py",
        old="    patient = service.read(access, patient_id)\n",
        new=(
            '    raise RuntimeError("the new release cannot read")\n'
            "    patient = service.read(access, patient_id)\n"
        ),
    ),
    NightFault(
        gate="post-hour",
        item="zero-downtime",
        harm="after the migration no patient can be read for four seconds",
        file="reference/night.py",
        old="        self.migrated.set()\n",
        new=(
            "        self.migrated.set()\n"
            '        with __import__("psycopg").connect(self.server.dsn(self.database)) as locked:\n'
            '            locked.execute("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE")\n'
            '            locked.execute("SELECT pg_sleep(4)")\n'
        ),
    ),
)


def clone_with_fault(fault: NightFault, folder: Path) -> Path:
    """Return a new clone of the committed checkout, whose hospital has the fault."""
    checkout = folder / f"with-fault-{fault.gate}"
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, checkout], check=True)
    fault.put_in(checkout)
    return checkout
