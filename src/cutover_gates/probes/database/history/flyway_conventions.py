r"""Flyway's conventions: versions, the names of scripts, and their checksums. Pure.

They are taken from Flyway's source, and the tests compare them with Flyway itself.

    Version.parse("1.10") > Version.parse("1_2.0")
    compute_checksum(b"SELECT 1;\r\n") == 78787420
    parse_script_name("V1_2__add_tags.sql") == ScriptName("V", Version.parse("1.2"), "add tags")
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

SCRIPT_SUFFIX = ".sql"
DESCRIPTION_SEPARATOR = "__"
PLACEHOLDER = re.compile(r"\$\{([^}\r\n]*)\}")
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_MISNAMED = re.compile(r"(?i)[VUB]\d.*|[VUBR]_.*")
"""The name of a file that was probably meant as a migration, such as `v7__x.sql` or `V7_x.sql`.

Flyway ignores it without a message.
"""


@dataclass(frozen=True, order=True)
class Version:
    """A version: its numbers without trailing zeros (1 = 1.0 = 01; 1.2 < 1.10), and its text."""

    numbers: tuple[int, ...]
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that a text means. Raises `ValueError` for anything else."""
        dotted = text.replace("_", ".")
        if not _VERSION.fullmatch(dotted) or not dotted.isascii():
            raise ValueError(f"{text!r} is not a version")
        numbers = [int(part) for part in dotted.split(".")]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        return cls(tuple(numbers), dotted)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class ScriptName:
    """The parts of a script's name. `kind`: V versioned, R repeatable, B baseline, U undo."""

    kind: str
    version: Version | None
    description: str


def parse_script_name(file_name: str) -> ScriptName | None:
    """Return what Flyway reads from a name; None where it sees no migration in it.

    A description may be missing.
    """
    if not file_name.lower().endswith(SCRIPT_SUFFIX) or file_name[0] not in "VRBU":
        return None
    version, _, description = file_name[1 : -len(SCRIPT_SUFFIX)].partition(DESCRIPTION_SEPARATOR)
    words = description.replace("_", " ")
    if file_name[0] == "R":
        return ScriptName("R", None, words) if not version else None
    try:
        return ScriptName(file_name[0], Version.parse(version), words)
    except ValueError:
        return None


def resembles_migration(file_name: str) -> bool:
    """Return whether a file that is no migration was probably meant as one."""
    return (
        file_name.lower().endswith(SCRIPT_SUFFIX)
        and parse_script_name(file_name) is None
        and bool(_MISNAMED.fullmatch(file_name))
    )


def compute_checksum(content: bytes) -> int:
    """Return the CRC-32 of a script's lines, as a signed 32-bit number.

    Line ends and the byte order mark are left out. The line ends are LF, CR and CRLF only, so
    dropping these two bytes is the same. Raises `UnicodeDecodeError`, where Flyway refuses, too.
    """
    content.decode("utf-8")
    crc = zlib.crc32(content.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"").replace(b"\n", b""))
    return crc - 2**32 if crc >= 2**31 else crc


def replace_placeholders(text: str, placeholders: Mapping[str, str]) -> str:
    """Return the text with `${name}` filled in.

    Upper and lower case are the same in names. A name without a value stays as it is.
    """
    values = {name.lower(): value for name, value in placeholders.items()}
    return PLACEHOLDER.sub(lambda match: values.get(match[1].lower(), match[0]), text)


def find_undeclared_placeholders(text: str, placeholders: Mapping[str, str]) -> list[str]:
    """Return the names in `${name}` that have no value."""
    declared = {name.lower() for name in placeholders}
    return sorted({name for name in PLACEHOLDER.findall(text) if name.lower() not in declared})
