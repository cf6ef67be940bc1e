"""The lines of a sketch, and its text: TOML with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.printable import strip_control_characters

TODO = "TODO"
"""What stands for a value that nobody but a person knows. A mapping that has it is not loaded."""
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_CONTROL = re.compile(r'[\x00-\x1f\x7f"\\]')


@dataclass(frozen=True)
class Line:
    """One key with its value, and a comment behind it."""

    key: str
    value: Any
    comment: str = ""

    def to_toml(self) -> str:
        """Return the line."""
        comment = f"    # {one_line(self.comment)}" if self.comment else ""
        return f"{format_key(self.key)} = {format_value(self.value)}{comment}"


@dataclass
class SketchTable:
    """One table. `path` is its dotted name, `notes` are comments above it, `below` at its end."""

    path: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_array: bool = False
    below: list[str] = field(default_factory=list)

    def add(self, key: str, value: Any, comment: str = "") -> None:
        """Add a line."""
        self.lines.append(Line(key, value, comment))

    def to_toml(self) -> str:
        """Return the table with its header; without one where it is the top."""
        name = ".".join(map(format_key, self.path))
        header = f"[[{name}]]" if self.is_array else f"[{name}]"
        notes = [f"# {one_line(note)}" for note in self.notes]
        lines = [line.to_toml() for line in self.lines]
        below = [f"# {one_line(note)}" for note in self.below]
        return "\n".join([*notes, *([header] if self.path else []), *lines, *below])


def format_key(name: str) -> str:
    """Return a key, quoted where TOML wants it so."""
    return name if _BARE.fullmatch(name) else _format_text(name)


def format_value(value: Any) -> str:
    """Return a value as TOML has it. Tables stand on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (f"{format_key(str(key))} = {format_value(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(format_value, value))}]"
    return _format_text(str(value))


def _format_text(text: str) -> str:
    escaped = _CONTROL.sub(lambda sign: _escape(sign[0]), text)
    return f'"{escaped}"'


def _escape(sign: str) -> str:
    return f"\\{sign}" if sign in '"\\' else f"\\u{ord(sign):04x}"


def one_line(text: str) -> str:
    """Return a text that cannot leave its comment, whatever a document wrote."""
    return " ".join(strip_control_characters(text).split())


def format_path(path: Sequence[str]) -> str:
    """Return the JMESPath of a field."""
    return ".".join(name if _IDENTIFIER.fullmatch(name) else json.dumps(name) for name in path)


def format_attribute(path: Sequence[str]) -> str:
    """Return how a template reads a field of the answer."""
    return "body" + "".join(
        f".{name}" if _IDENTIFIER.fullmatch(name) else f"[{json.dumps(name)}]" for name in path
    )
