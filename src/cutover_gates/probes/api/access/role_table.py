"""The role table: which role may do what, held against the operations of the document.

It is strict both ways: every operation needs a role, and every row an operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Operation, Role
from cutover_gates.probes.api.access import rules

STAFF_ROLES = (Role.REGISTRAR, Role.CLINICIAN, Role.AUDITOR, Role.ADMINISTRATOR)
"""The roles of this facility. The outsider works in another one, as a clinician."""
PUBLIC_ROW = "anybody"
"""The row of the public operations.

Without it an operation that lost its authentication, in the document too, would look as if it never
had one.
"""


@dataclass(frozen=True)
class RoleTable:
    """The table in the settings.

    `rows` holds for each role the operations that it may use, as `GET /api/v1/patients`; `*` stands
    for anything. A row may be of a role that has no account here: its operations are then nobody
    else's.
    """

    target: str
    rows: Mapping[str, Sequence[str]]

    def allows(self, role: Role, operation: Operation) -> bool:
        """Return whether a role may use an operation."""
        return self._allows_name(role, operation)

    def find_unlisted_public_operations(self, operations: Iterable[Operation]) -> Iterator[Finding]:
        """Yield the operations that are public in the document, and not in the table."""
        for operation in operations:
            listed = self._allows_name(PUBLIC_ROW, operation)
            if self.rows and not operation.protected and not listed:
                yield Finding(
                    rules.PUBLIC_LISTED, str(operation), "protected by authentication", "public"
                )

    def find_gaps(
        self, operations: Iterable[Operation], all_operations: Iterable[Operation]
    ) -> Iterator[Finding]:
        """Yield what is missing in the table, or too much.

        `operations` are those that are requested, `all_operations` all of the document.
        """
        if not self.rows:
            yield self._missing(self.target, "the role table is empty")
            return
        for role in STAFF_ROLES:
            if role not in self.rows:
                yield self._missing(
                    f"role {role.value}", f"no row; write {role.value} = [] if it may do nothing"
                )
        yield from self._find_unknown_patterns([str(operation) for operation in all_operations])
        staff_rows = [role_name for role_name in self.rows if role_name != PUBLIC_ROW]
        for operation in operations:
            allowed = any(self._allows_name(role_name, operation) for role_name in staff_rows)
            if operation.protected and not allowed:
                yield self._missing(str(operation), "no role may use this operation")

    def _find_unknown_patterns(self, known: Sequence[str]) -> Iterator[Finding]:
        """Yield the patterns of the table that match no known operation."""
        for role_name, patterns in self.rows.items():
            for pattern in patterns:
                if not any(_matches(pattern, name) for name in known):
                    reason = f"{role_name} has {pattern}, and the document has no such operation"
                    yield Finding(rules.ROLE_TABLE_CURRENT, pattern, "", reason)

    def _missing(self, subject: str, reason: str) -> Finding:
        where = f"[targets.{self.target}.contract.roles]"
        return Finding(rules.ROLE_TABLE_COMPLETE, subject, "", f"{reason} ({where})")

    def _allows_name(self, role_name: str, operation: Operation) -> bool:
        patterns = self.rows.get(role_name, ())
        return any(_matches(pattern, str(operation)) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
