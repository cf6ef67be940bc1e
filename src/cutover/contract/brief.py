"""What the run's process is told, as one line on its standard input: a file or a command line would
show it to others.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Brief:
    """`folder` holds the configuration and the document, and takes the report.

    `header`: what the token is shown in. `protected`: the operations that it is shown to.
    `accounts`: names that are never sent to the others, for a few wrong passwords lock an account.
    `reads_only`: nothing but GET and HEAD leaves the process, whatever its configuration says.
    """

    folder: str
    root: str
    header: str
    protected: tuple[str, ...] = field(repr=False)
    accounts: tuple[str, ...]
    reads_only: bool

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Brief:
        table: dict[str, Any] = json.loads(line)
        return cls(
            **{
                **table,
                "protected": tuple(table["protected"]),
                "accounts": tuple(table["accounts"]),
            }
        )


CONFIG, DOCUMENT, REPORT = "schemathesis.toml", "openapi.json", "schemathesis.json"
"""The files in the folder."""
