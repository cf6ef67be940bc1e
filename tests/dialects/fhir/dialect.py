"""The FHIR hospital as a dialect for `python -m tests.dialects`."""

from __future__ import annotations

from pathlib import Path

from tests.dialects.dialect import Dialect
from tests.dialects.fhir import faults, judged

DIALECT = Dialect("fhir", (Path(__file__).with_name("cutover.toml"),), faults.ALL, judged.verdict)
