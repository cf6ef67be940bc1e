"""What was read of a history, whichever tool keeps it: the files on disk, the lines of the table,
and what both come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cutover.evidence.examination import Examination


@dataclass(frozen=True)
class Digest:
    """What ties a file to what was applied: SHA-256 of its bytes, and the tool's own checksum where
    it keeps one.
    """

    sha256: str
    checksum: int | None = None


@dataclass(frozen=True)
class Recorded:
    """Files by name and the table's lines, as a snapshot keeps them.

    `lines` hold names, versions and checksums; never a person's name.
    """

    files: dict[str, Digest]
    lines: list[dict[str, Any]]

    def as_plain(self) -> dict[str, Any]:
        """JSON-able; `from_plain` reads it again."""
        return {
            "scripts": {
                name: {"sha256": digest.sha256, "checksum": digest.checksum}
                for name, digest in self.files.items()
            },
            "rows": self.lines,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Recorded:
        """Raises `KeyError` or `TypeError` for what is none."""
        return cls(
            {name: Digest(**digest) for name, digest in plain["scripts"].items()},
            list(plain["rows"]),
        )


class Keeper(Protocol):
    """A tool's way of keeping a history."""

    def recorded(self) -> Recorded:
        """What a snapshot keeps."""

    def applied(self) -> Examination:
        """Everything on disk is applied, and nothing else."""

    def unaltered(self) -> Examination:
        """What was applied is what lies on disk."""

    def in_order(self) -> Examination:
        """It was applied in the order in which it was tried."""
