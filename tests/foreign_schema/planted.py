"""The faults of a file of SQL, by their names: each begins with `-- fault: NAME`."""

from __future__ import annotations

import re

from tests.foreign_schema.foreign_hospital import read_statements

_HEAD = re.compile(r"^-- fault: (.+)$", re.MULTILINE)


def read_faults(name: str) -> dict[str, str]:
    """Return the statements of each fault, in the order of the file."""
    _, *parts = _HEAD.split(read_statements(name))
    return dict(zip(parts[::2], parts[1::2], strict=True))
