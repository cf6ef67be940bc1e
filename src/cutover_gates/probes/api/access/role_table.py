"""The role table: which role may do what, held against the operations of the document.

It is strict both ways: every operation needs a role, and every row an operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cutover_gates.config.roles import PUBLIC_ROW
from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Operation, StaffRole, StaffRoles
from cutover_gates.hospital.staff_roles import SHIPPED_ROLES
from cutover_gates.probes.api.access import rules


@dataclass(frozen=True)
class RoleTable:
    """The table in the settings.

    `rows` (`contract.roles`) holds for each role the operations that it may use, as `GET
    /api/v1/patients`; `*` stands for anything. The row `anybody` is of the public operations:
    without it an operation that lost its authentication, in the document too, would look as if it
    never had one. A row may be of a role that has no account here: its operations are then nobody
    else's.

    `staff` are the roles, with what each may and may not do where the settings declare them.
    `words` holds the operations of the document by those of the language.
    """

    target: str
    rows: Mapping[str, Sequence[str]]
    staff: StaffRoles = SHIPPED_ROLES
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def knows(self, role: str) -> bool:
        """Return whether the table says anything of a role."""
        return self.staff.is_declared or role in self.rows

    def allows(self, role: str, operation: Operation) -> bool | None:
        """Return whether a role may use an operation; None where the table does not say it."""
        if not self.staff.is_declared:
            return self._allows_name(role, operation)
        own = next(one for one in self.staff.roles if one.name == role)
        listed = self._listed(own, operation)
        if listed:
            return listed.pop() if len(listed) == 1 else None
        return own.rest if own.rest is not None or role not in self.rows else False

    def is_divided(self, role: str, operation: Operation) -> bool:
        """Return whether a role may do a part of what one operation of the document does.

        A move of a visit is one operation of many documents, and three of the language.
        """
        own = next(one for one in self.staff.roles if one.name == role)
        return len(self._listed(own, operation)) > 1

    def find_unlisted_public_operations(self, operations: Iterable[Operation]) -> Iterator[Finding]:
        """Yield the operations that are public in the document, and not in the table."""
        is_strict = bool(self.rows) or self.staff.is_declared
        for operation in operations:
            listed = self._allows_name(PUBLIC_ROW, operation)
            if is_strict and not operation.protected and not listed:
                yield Finding(
                    rules.PUBLIC_LISTED, str(operation), "protected by authentication", "public"
                )

    def find_gaps(
        self, operations: Iterable[Operation], all_operations: Iterable[Operation]
    ) -> Iterator[Finding]:
        """Yield what is missing in the table, or too much.

        `operations` are those that are requested, `all_operations` all of the document.
        """
        if not self.rows and not self.staff.is_declared:
            yield self._missing(self.target, "the role table is empty")
            return
        for role in self.staff.names:
            if role not in self.rows and not self.staff.is_declared:
                yield self._missing(
                    f"role {role}", f"no row; write {role} = [] if it may do nothing"
                )
        yield from self._find_unknown_patterns([str(operation) for operation in all_operations])
        for operation in operations:
            yield from self._find_contradictions(operation)
            if operation.protected and not self._has_user(operation):
                yield self._missing(str(operation), "no role may use this operation")

    def _has_user(self, operation: Operation) -> bool:
        """Return whether some role may use an operation, or is refused it by name."""
        if not self.staff.is_declared:
            rows = [name for name in self.rows if name != PUBLIC_ROW]
            return any(self._allows_name(name, operation) for name in rows)
        return any(self._concerns(role, operation) for role in self.staff.roles)

    def _concerns(self, role: StaffRole, operation: Operation) -> bool:
        """Return whether a role may do an operation, a part of it, or is refused it by name."""
        return bool(
            self.allows(role.name, operation)
            or set(role.may) & set(self._words_of(operation))
            or _matches_any(role.documented_may_not, operation)
        )

    def _find_contradictions(self, operation: Operation) -> Iterator[Finding]:
        """Yield the roles that may use an operation of the document by one list, and not by one."""
        if not self.staff.is_declared:
            return
        for role in self.staff.roles:
            by_name = self._listed_by_name(role, operation)
            said = {*by_name, *self._by_word(role, operation)} - {None}
            if by_name and len(said) > 1:
                reason = f"the table both allows it to {role.name} and refuses it"
                yield Finding(rules.ROLE_TABLE_CURRENT, str(operation), "", reason)

    def _listed(self, role: StaffRole, operation: Operation) -> set[bool | None]:
        """Return what the lists of a role say of an operation, or of each part of it.

        It is empty where no part of it has a name in the lists' language.
        """
        return self._listed_by_name(role, operation) or self._by_word(role, operation)

    def _listed_by_name(self, role: StaffRole, operation: Operation) -> set[bool | None]:
        allowed = (*role.documented_may, *self.rows.get(role.name, ()))
        lists = {True: allowed, False: role.documented_may_not}
        return {may for may, patterns in lists.items() if _matches_any(patterns, operation)}

    def _by_word(self, role: StaffRole, operation: Operation) -> set[bool | None]:
        listed = {**dict.fromkeys(role.may, True), **dict.fromkeys(role.may_not, False)}
        return {listed.get(word) for word in self._words_of(operation)}

    def _words_of(self, operation: Operation) -> list[str]:
        """Return the operations of the language that this one of the document does."""
        return [word for word, names in self.words.items() if str(operation) in names]

    def _find_unknown_patterns(self, known: Sequence[str]) -> Iterator[Finding]:
        """Yield the patterns of the table that match no known operation."""
        patterns = [(name, pattern) for name, row in self.rows.items() for pattern in row]
        for role in self.staff.roles:
            listed = (*role.documented_may, *role.documented_may_not)
            patterns += [(role.name, pattern) for pattern in listed]
        for role_name, pattern in patterns:
            if not any(_matches(pattern, name) for name in known):
                reason = f"{role_name} has {pattern}, and the document has no such operation"
                yield Finding(rules.ROLE_TABLE_CURRENT, pattern, "", reason)

    def _missing(self, subject: str, reason: str) -> Finding:
        table = "roles" if self.staff.is_declared else "contract.roles"
        where = f"[targets.{self.target}.{table}]"
        return Finding(rules.ROLE_TABLE_COMPLETE, subject, "", f"{reason} ({where})")

    def _allows_name(self, role_name: str, operation: Operation) -> bool:
        return _matches_any(self.rows.get(role_name, ()), operation)


def _matches_any(patterns: Iterable[str], operation: Operation) -> bool:
    return any(_matches(pattern, str(operation)) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
