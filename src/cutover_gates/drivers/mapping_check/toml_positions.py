"""The line on which each key of a TOML file stands: tomllib reads values only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_SPACE = re.compile(r"[ \t]*")
_NOTHING = re.compile(r"(?:\s|#[^\n]*)*")
_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_VALUE = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,\]}#]+''',
    re.DOTALL,
)


def index_lines(text: str) -> Mapping[str, int]:
    """Return the line, from 1, of every table and key of a valid TOML text.

    Keys are dotted paths: `operations.upload.steps[1].path`.
    """
    return _Scanner(text).scan()


def find_line(lines: Mapping[str, int], key: str) -> tuple[str, int] | None:
    """Return the key, or the nearest table above it that exists, and its line.

    None where not even its first part exists.
    """
    while key:
        if key in lines:
            return key, lines[key]
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return None


@dataclass
class _Scanner:
    """A scanner of a text that tomllib has accepted.

    `tables` counts the tables of each array of tables.
    """

    text: str
    at: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)

    def scan(self) -> dict[str, int]:
        """Return the line of each key."""
        above = ""
        self._skip(_NOTHING)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                above = self._header()
            else:
                self._pair(above)
            self._skip(_NOTHING)
        return self.lines

    def _header(self) -> str:
        several = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if several else 1
        path = self._path("")
        self.at += 2 if several else 1
        if several:
            self.tables[path] = self.tables.get(path, -1) + 1
            path = f"{path}[{self.tables[path]}]"
        self.lines.setdefault(path, line)
        return path

    def _pair(self, above: str) -> None:
        line, path = self._line(), self._path(above)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self.lines[path] = line
        self._value(path)

    def _path(self, above: str) -> str:
        """Read a dotted key. A part that is an array of tables means its last table."""
        path = above
        while match := _PART.match(self.text, self.at):
            part = next(part for part in match.groups() if part is not None)
            path = f"{path}.{part}" if path else part
            self.at = match.end()
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
            path = f"{path}[{self.tables[path]}]" if path in self.tables else path
        return path

    def _value(self, path: str) -> None:
        sign = self.text[self.at]
        if sign == "{":
            self._inside("}", lambda _: self._pair(path))
        elif sign == "[":
            self._inside("]", lambda index: self._element(f"{path}[{index}]"))
        else:
            self._skip(_VALUE)

    def _element(self, path: str) -> None:
        self.lines[path] = self._line()
        self._value(path)

    def _inside(self, end: str, each: Callable[[int], None]) -> None:
        self.at += 1
        for index in range(len(self.text)):
            self._skip(_NOTHING)
            if self.text[self.at] == end:
                break
            each(index)
            self._skip(_NOTHING)
            self.at += self.text[self.at] == ","
        self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        # Always at least one character further, so that no text can make this loop for ever.
        self.at = match.end() if match else self.at + 1

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
