"""The FHIR hospital, as one of the dialects: `python -m tests.dialects`."""

from __future__ import annotations

from pathlib import Path

from tests.dialects.dialect import Dialect
from tests.dialects.fhir import faults, judged

DIALECT = Dialect("fhir", (Path(__file__).with_name("cutover.toml"),), faults.ALL, judged.verdict)
