"""Which role may do what: the table in the settings, held against the operations of the document.

Strict both ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cutover_gates.hospital import Operation, Role

STAFF_ROLES = (Role.REGISTRAR, Role.CLINICIAN, Role.AUDITOR, Role.ADMINISTRATOR)
"""Who works in this facility. The outsider works in another one, as a clinician."""
PUBLIC_ROW = "anybody"
"""The row of what is open to everybody.

Without it an operation that lost its lock, in the document too, would look as if it never had one.
"""


@dataclass(frozen=True)
class RoleTable:
    """`rows`: for each role the operations that it may use, as `GET /api/v1/patients`; `*` stands
    for anything. A row may be of a role that has no account here: its operations are then nobody
    else's.
    """

    target: str
    rows: Mapping[str, Sequence[str]]

    def allows(self, role: Role, operation: Operation) -> bool:
        return self._allows_name(role, operation)

    def find_unlisted_public_operations(self, operations: Iterable[Operation]) -> Iterator[str]:
        """The operations that the document leaves open to everybody, and the table does not."""
        for operation in operations:
            if (
                not operation.protected
                and self.rows
                and not self._allows_name(PUBLIC_ROW, operation)
            ):
                yield (
                    f"{operation} is open to everybody, says the document, and the table does not:"
                    f" lock it, or write it to {PUBLIC_ROW} in [targets.{self.target}.contract.roles]"
                )

    def _allows_name(self, role: str, operation: Operation) -> bool:
        return any(_matches(pattern, str(operation)) for pattern in self.rows.get(role, ()))

    def find_gaps(
        self, operations: Iterable[Operation], every: Iterable[Operation]
    ) -> Iterator[str]:
        """What must be written before the table says something of everything, a sentence each.

        `operations` are those that are asked, `every` all of the document.
        """
        where = f"[targets.{self.target}.contract.roles]"
        if not self.rows:
            yield (
                f"nobody says which role may do what: write a row for each in {where}, such as"
                ' auditor = ["GET /api/v1/audit"]'
            )
            return
        for role in STAFF_ROLES:
            if role not in self.rows:
                yield (
                    f"{where} says nothing of the role {role.value}: write {role.value} = […], and"
                    " leave it empty if it may do nothing"
                )
        known = [str(operation) for operation in every]
        for who, patterns in self.rows.items():
            for pattern in patterns:
                if not any(_matches(pattern, name) for name in known):
                    yield (
                        f"{where} lets {who} do {pattern}, and the document has no such operation:"
                        " take it out, or write it as the document does"
                    )
        for operation in operations:
            if operation.protected and not any(
                self._allows_name(who, operation) for who in self.rows if who != PUBLIC_ROW
            ):
                yield f"{where} lets nobody do {operation}: write it to those who may"


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
