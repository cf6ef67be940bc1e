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


class ARoleAmongNewTimes(_Staff):
    """A clerk may prescribe: one role changed, while a script set every time of creation anew."""

    statements = """
        UPDATE staff SET created_at = created_at + interval '1 s';
        UPDATE staff SET role = CASE role WHEN 'auditor' THEN 'clinician' ELSE 'auditor' END
        WHERE username = (SELECT min(username) FROM staff)
    """
    shows = "role (1 key: "


class TwoPasswordsAreExchanged(_Staff):
    """A nurse signs in as another one, and the sum of all passwords is as it was."""

    statements = """
        WITH two AS (SELECT username, row_number() OVER (ORDER BY username) AS n
                     FROM staff ORDER BY username LIMIT 2)
        UPDATE staff SET password_hash = other.password_hash
        FROM two JOIN two AS twin ON twin.n = 3 - two.n
             JOIN staff AS other ON other.username = twin.username
        WHERE staff.username = two.username
    """
    shows = "password_hash (2 keys: "


class AnAccountIsRenamed(_Staff):
    """Somebody cannot sign in any more: the account has another name, and as many exist as before."""

    statements = """
        INSERT INTO staff SELECT 'someone.else', password_hash, role, facility, created_at FROM staff
        WHERE username = (SELECT min(username) FROM staff);
        SET LOCAL session_replication_role = replica;
        DELETE FROM staff WHERE username = (SELECT min(username) FROM staff)
    """
    perhaps: ClassVar = {"constraints-hold": "where it has sessions, they refer to nobody"}
    breaks: ClassVar = (rows_rules.KEYS,)
    shows = "missing keys "
