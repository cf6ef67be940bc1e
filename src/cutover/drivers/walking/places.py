"""Where a key stands that somebody must mend: in which file, and on which line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.drivers.walking.lines import line_of

_OF_THE_TARGET = ("users", "url", "release", "limits", "driver", "mapping", "fhir")
"""Keys that are no part of a mapping."""


@dataclass(frozen=True)
class Places:
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

    def of(self, key: str) -> str:
        """'cutover.toml, line 41: operations.register.expect'.

        Where the driver reads no mapping, the line that names the driver.
        """
        name, lines = self.settings
        key = key.removeprefix(self.target)
        first = key.partition(".")[0]
        if first in _OF_THE_TARGET:
            return (
                self._told(name, lines, self.target + key, at_least=self.target + first)
                or f"{name}: {self.target}{key}"
            )
        if self.driver != "rest":
            return self.of("fhir.auth" if (self.driver, first) == ("fhir", "token") else "driver")
        name, lines = self.mapping
        own = self._told(name, lines, self.above + key, at_least=self.above + _operation(key))
        if own:
            return own
        name, lines = self.default
        told = self._told(name, lines, key, at_least=_operation(key))
        return (
            f"{told} (write it in {self.mapping[0]})"
            if told
            else f"{self.mapping[0]}: {self.above}{key} (it is not there yet)"
        )

    def way_of(self, step: str) -> str:
        """The key of the line that says where the request of `step` (operations.NAME, or one of its
        steps) goes.
        """
        keys = [f"{step}.path", f"{step}.url"]
        own = [key for key in [*keys, "base_path"] if self.above + key in self.mapping[1]]
        return own[0] if own else next((key for key in keys if key in self.default[1]), step)

    def names(self, key: str) -> set[str]:
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

    def own(self, key: str) -> bool:
        """Whether the user's own mapping has this very key."""
        return self.above + key in self.mapping[1]

    def _told(self, name: str, lines: Mapping[str, int], path: str, at_least: str) -> str:
        found = line_of(lines, path)
        return f"{name}, line {found[1]}: {path}" if found and found[0].startswith(at_least) else ""


def _operation(key: str) -> str:
    """The part of a key below which the nearest line still is the one to mend: an operation, a kind
    of answer, a kind of words.
    """
    first, *rest = key.split(".")
    return (
        ".".join([first, *rest[:1]])
        if first in ("operations", "answers", "words", "refusals", "unsupported")
        else first
    )
