"""On which line of a TOML file a key stands: tomllib tells values, and whoever must mend one looks
for lines.
"""

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
    """The line, from 1, of every table and key of a valid TOML text, by dotted path:
    `operations.upload.steps[1].path`.
    """
    return _Scanner(text).scan()


def find_line(lines: Mapping[str, int], key: str) -> tuple[str, int] | None:
    """The key, or the nearest table above it that is there, and its line.

    None where not even its first part is.
    """
    while key:
        if key in lines:
            return key, lines[key]
        key = key[: max(key.rfind("."), key.rfind("["))] if "." in key or "[" in key else ""
    return None


@dataclass
class _Scanner:
    """Walks over a text that tomllib has read.

    `tables` counts the tables of each array of tables.
    """

    text: str
    at: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)

    def scan(self) -> dict[str, int]:
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
        """A dotted key; a part that is an array of tables means its last one."""
        path = above
        while match := _PART.match(self.text, self.at):
            path = ".".join(
                filter(None, (path, next(part for part in match.groups() if part is not None)))
            )
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
        self.at = (
            match.end() if match else self.at + 1
        )  # always further, so that no text holds this up

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1


_OF_THE_TARGET = ("users", "url", "release", "limits", "driver", "mapping", "fhir")
"""Keys that are no part of a mapping."""


@dataclass(frozen=True)
class SourceLocations:
    """Where a key of the mapping stands: in the mapping's own file, in the settings, or in the
    default dialect that it extends.

    `mapping`, `settings` and `default` are a file's name and its lines. `above` is the path of the
    mapping in its file, `target` that of the target in the settings; both end in a dot, or are
    empty.
    """

    mapping: tuple[str, Mapping[str, int]]
    settings: tuple[str, Mapping[str, int]]
    default: tuple[str, Mapping[str, int]]
    above: str = ""
    target: str = ""
    driver: str = "rest"

    def locate(self, key: str) -> str:
        """'cutover.toml, line 41: operations.register.expect'.

        Where the driver reads no mapping, the line that names the driver.
        """
        name, lines = self.settings
        key = key.removeprefix(self.target)
        first = key.partition(".")[0]
        if first in _OF_THE_TARGET:
            return (
                self._format_location(name, lines, self.target + key, at_least=self.target + first)
                or f"{name}: {self.target}{key}"
            )
        if self.driver != "rest":
            return self.locate(
                "fhir.auth" if (self.driver, first) == ("fhir", "token") else "driver"
            )
        name, lines = self.mapping
        own = self._format_location(
            name, lines, self.above + key, at_least=self.above + _enclosing_key(key)
        )
        if own:
            return own
        name, lines = self.default
        told = self._format_location(name, lines, key, at_least=_enclosing_key(key))
        return (
            f"{told} (write it in {self.mapping[0]})"
            if told
            else f"{self.mapping[0]}: {self.above}{key} (it is not there yet)"
        )

    def url_key(self, step: str) -> str:
        """The key of the line that says where the request of `step` (operations.NAME, or one of its
        steps) goes.
        """
        keys = [f"{step}.path", f"{step}.url"]
        own = [key for key in [*keys, "base_path"] if self.above + key in self.mapping[1]]
        return own[0] if own else next((key for key in keys if key in self.default[1]), step)

    def names_below(self, key: str) -> set[str]:
        """What stands below `key`, in the user's own mapping or in the default dialect."""
        known = {
            *(
                path.removeprefix(self.above)
                for path in self.mapping[1]
                if path.startswith(self.above)
            ),
            *self.default[1],
        }
        return {path.rpartition(".")[2] for path in known if path.rpartition(".")[0] == key}

    def has_own_key(self, key: str) -> bool:
        """Whether the user's own mapping has this very key."""
        return self.above + key in self.mapping[1]

    def _format_location(
        self, name: str, lines: Mapping[str, int], path: str, at_least: str
    ) -> str:
        found = find_line(lines, path)
        return f"{name}, line {found[1]}: {path}" if found and found[0].startswith(at_least) else ""


def _enclosing_key(key: str) -> str:
    """The part of a key below which the nearest line still is the one to mend: an operation, a kind
    of answer, a kind of words.
    """
    first, *rest = key.split(".")
    return (
        ".".join([first, *rest[:1]])
        if first in ("operations", "answers", "words", "refusals", "unsupported")
        else first
    )
