"""Does every operation refuse whom it must refuse?

Four questions, put to one matrix that is made once a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover.contract.matrix import ASTRAY, EXPIRED, NOBODY, OUTSIDER, Asking, Expected, Matrix
from cutover.contract.roles import STAFF
from cutover.evidence import Examination

KEY = "access"


@dataclass(frozen=True)
class Access:
    """Answers the checks. `once` keeps what was made, for all processes of the run."""

    asking: Asking
    once: Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
    record: Callable[[Examination], None] = field(default=lambda _examination: None, repr=False)

    def without_a_token(self) -> Examination:
        """Is everybody without a token refused?"""
        return self._examined(
            "without a token", (NOBODY,), findings=self.asking.table.ajar(self.asking.operations)
        )

    def with_an_expired_token(self) -> Examination:
        """Is a token refused that was good once?

        Raises what the settings say where there is none.
        """
        if isinstance(self.asking.expired, Exception):
            raise self.asking.expired
        return self._examined("with an expired token", (EXPIRED,))

    def by_role(self) -> Examination:
        """May each role do what the table says, and nothing else?"""
        known = set(map(str, self.asking.every))
        idle = [
            f"[targets.{self.asking.table.target}.contract.untried] names {name}, and the document"
            " has no such operation: take it out"
            for name in self.asking.untried
            if name not in known
        ]
        return self._examined(
            "by role",
            STAFF,
            holes=[*self.asking.table.holes(self.asking.operations, self.asking.every), *idle],
        )

    def from_another_facility(self) -> Examination:
        """Is another facility's chart shut, and another patient's, whose documents are asked for
        below one's own?
        """
        return self._examined("from another facility", (OUTSIDER, ASTRAY))

    def _examined(
        self,
        title: str,
        who: Sequence[str],
        *,
        findings: Iterable[str] = (),
        holes: Iterable[str] = (),
    ) -> Examination:
        made = self.once(KEY, lambda: Matrix(self.asking).made())
        cells = [cell for cell in made["cells"] if cell["who"] in who]
        unproven = [
            *holes,
            *made["lacking"].get(title, ()),
            *(cell["unclear"] for cell in cells if cell["unclear"]),
        ]
        if not any(cell["expected"] in (Expected.SHUT, Expected.NOT_THEIRS) for cell in cells):
            unproven.append(f"access {title}: nothing was asked for that must be refused")
        matrix: dict[str, dict[str, str]] = {}
        for cell in cells:
            matrix.setdefault(cell["operation"], {})[cell["who"]] = (
                f"{cell['expected']}: {cell['came']}"
            )
        facts = {
            "matrix": matrix,
            "not_asked": made["not_asked"],
            "untried": dict(self.asking.untried),
        }
        examination = Examination(
            f"access {title}",
            tuple(f"{cell['operation']}, {cell['who']}" for cell in cells),
            (*findings, *(cell["wrong"] for cell in cells if cell["wrong"])),
            tuple(unproven),
            facts,
        )
        self.record(examination)
        return examination
