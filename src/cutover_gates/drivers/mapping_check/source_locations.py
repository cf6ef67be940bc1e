"""The place of each key of a mapping: its own file, the settings, or the default dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutover_gates.drivers.mapping_check.toml_positions import find_line

_GROUPED_TABLES = ("operations", "answers", "words", "refusals", "unsupported")
_TARGET_KEYS = ("users", "url", "release", "limits", "driver", "mapping", "fhir")
"""Keys of a target that are not part of its mapping."""


@dataclass(frozen=True)
class SourceLocations:
    """The places of keys in the mapping's own file, the settings, and the default dialect.

    `mapping`, `settings` and `default` are a file's name and its lines. `above` is the path of the
    mapping in its file, `target` that of the target in the settings. Both end in a dot, or are
    empty.
    """

    mapping: tuple[str, Mapping[str, int]]
    settings: tuple[str, Mapping[str, int]]
    default: tuple[str, Mapping[str, int]]
    above: str = ""
    target: str = ""
    driver: str = "rest"

    def locate(self, key: str) -> str:
        """Return the place of a key: 'cutover.toml, line 41: operations.register.expect'.

        A driver without a mapping has the line that names the driver.
        """
        # A quoted part of a key stands without its quotation marks among the lines.
        key = key.removeprefix(self.target).replace('"', "")
        first = key.partition(".")[0]
        if first in _TARGET_KEYS:
            own = self._find(self.settings, self.target + key, at_least=self.target + first)
            return own or f"{self.settings[0]}: {self.target}{key}"
        if self.driver != "rest":
            is_token = self.driver == "fhir" and first == "token"
            return self.locate("fhir.auth" if is_token else "driver")
        enclosing = _enclosing_key(key)
        own = self._find(self.mapping, self.above + key, at_least=self.above + enclosing)
        if own:
            return own
        inherited = self._find(self.default, key, at_least=enclosing)
        if inherited:
            return f"{inherited} (write it in {self.mapping[0]})"
        return f"{self.mapping[0]}: {self.above}{key} (it is not there yet)"

    def url_key(self, step: str) -> str:
        """Return the key of the line with the address of a step (operations.NAME, or one of it)."""
        keys = [f"{step}.path", f"{step}.url"]
        own = [key for key in [*keys, "base_path"] if self.has_own_key(key)]
        inherited = [key for key in keys if key in self.default[1]]
        return [*own, *inherited, step][0]

    def names_below(self, key: str) -> set[str]:
        """Return the names below `key`, in the own mapping and in the default dialect."""
        paths = [
            path.removeprefix(self.above) for path in self.mapping[1] if path.startswith(self.above)
        ]
        split = [path.rpartition(".") for path in (*paths, *self.default[1])]
        return {name for above, _, name in split if above == key}

    def has_own_key(self, key: str) -> bool:
        """Return whether the own mapping has exactly this key."""
        return self.above + key in self.mapping[1]

    @staticmethod
    def _find(file: tuple[str, Mapping[str, int]], path: str, at_least: str) -> str:
        """Return the place of a path; empty where only a table above `at_least` exists."""
        name, lines = file
        found = find_line(lines, path)
        if found is None or not found[0].startswith(at_least):
            return ""
        return f"{name}, line {found[1]}: {path}"


def _enclosing_key(key: str) -> str:
    """Return the part of a key below which the nearest line is still the one to change.

    That is an operation, a kind of answer, or a kind of words.
    """
    first, *rest = key.split(".")
    return ".".join([first, *rest[:1]]) if first in _GROUPED_TABLES else first
