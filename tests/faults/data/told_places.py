"""Damage to a few rows among many harmless changes: the verdict must name it, not only count it.

The tables are those that no script of the release touches.
"""

from __future__ import annotations

from typing import ClassVar

from cutover_gates.probes.database.rows import rules as rows_rules
from tests.faults.data.data_fault import DataFault


class _Staff(DataFault):
    item = "content-unchanged"
    breaks: ClassVar = (rows_rules.CONTENT,)


class ARoleAmongManyChanges(_Staff):
    """A clerk may prescribe: one role changed, while a script wrote another column of everybody."""

    statements = """
        UPDATE staff SET facility = CASE facility WHEN 'north' THEN 'south' ELSE 'north' END;
        UPDATE staff SET role = CASE role WHEN 'auditor' THEN 'clinician' ELSE 'auditor' END
        WHERE username = 'north-ward-07'
    """
    shows = "role (1 key: north-ward-07)"


class TwoNursesExchangeTheirHospitals(_Staff):
    """Two nurses see each other's patients, and each hospital has as many nurses as before."""

    statements = """
        UPDATE staff SET facility = CASE facility WHEN 'north' THEN 'south' ELSE 'north' END
        WHERE username IN ('north-ward-01', 'south-ward-01')
    """
    shows = "facility (2 keys: north-ward-01, south-ward-01)"


class AnAccountIsRenamed(_Staff):
    """A nurse cannot sign in: the account has another name, and there are as many as before."""

    statements = """
        SET LOCAL session_replication_role = replica;
        UPDATE staff SET username = 'somebody.else' WHERE username = 'north-ward-01'
    """
    perhaps: ClassVar = {"constraints-hold": "where it has sessions, they refer to nobody"}
    breaks: ClassVar = (rows_rules.KEYS,)
    shows = "missing keys north-ward-01; added keys somebody.else"
