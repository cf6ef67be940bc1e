"""Made-up samples and heads for the tests of this folder."""

from __future__ import annotations

import numpy as np

from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.sample_log import RECORD, BlockHeader, Samples

START = 1_000_000.0


def samples(
    *took: float,
    operation: int = 0,
    ending: RequestOutcome = RequestOutcome.SUCCESS,
    rate: float = 100.0,
    since: float = START,
) -> Samples:
    """One sample for each of `took` (seconds), due evenly at `rate` a second."""
    made = np.zeros(len(took), RECORD)
    made["due"] = since + np.arange(len(took)) / rate
    made["took"], made["operation"], made["outcome"] = took, operation, ending
    return made


def merge_samples(*several: Samples) -> Samples:
    """By the moment at which they were due."""
    whole = np.concatenate(several)
    return whole[np.argsort(whole["due"], kind="stable")]


def head(number: int = 0, process: int = 0, records: int = 0, **others: object) -> BlockHeader:
    plain = {"cpu": 0.0, "wall": float(number), **others}
    return BlockHeader(process, number, records, **plain)  # type: ignore[arg-type]  # whatever a test wants to say of it
