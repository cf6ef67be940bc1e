"""The times of a visit, as far as a target tells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class VisitTimes:
    """When a visit was opened and moved; each is None where it has not been, or is not told.

    They take no part in the comparison of visits: one answer may round them otherwise than the
    next.
    """

    opened_at: datetime | None = None
    admitted_at: datetime | None = None
    discharged_at: datetime | None = None
