"""What Flyway calls things: versions, the names of scripts, and their checksums. Pure; from Flyway's source and held against it in the tests.

Version.of("1.10") > Version.of("1_2.0")
checksum("SELECT 1;\\r\\n".encode()) == 78787420
named("V1_2__add_tags.sql") == Name("V", Version.of("1.2"), "add tags")
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
"""A file that was meant as a migration.

Flyway passes over it in silence when it is not named to the letter, as in `v7__x.sql`, `V7_x.sql`.
"""


@dataclass(frozen=True, order=True)
class Version:
    """A version, as its numbers without trailing zeros (1 = 1.0 = 01; 1.2 < 1.10), and as it is
    written.
    """

    numbers: tuple[int, ...]
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises `ValueError` for what is no version."""
        dotted = text.replace("_", ".")
        if not _VERSION.fullmatch(dotted) or not dotted.isascii():
            raise ValueError(f"{text!r} is not a version")
        numbers = [int(part) for part in dotted.split(".")]
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return cls(tuple(numbers), dotted)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class ScriptName:
    """What a file's name says: `kind` is V (versioned), R (repeatable), B (baseline) or U (undo)."""

    kind: str
    version: Version | None
    description: str


def parse_script_name(file_name: str) -> ScriptName | None:
    """What Flyway reads from a name; None where it sees no migration in it.

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
    """Whether a file that is no migration looks like one that was meant to be."""
    return (
        file_name.lower().endswith(SCRIPT_SUFFIX)
        and parse_script_name(file_name) is None
        and bool(_MISNAMED.fullmatch(file_name))
    )


def compute_checksum(content: bytes) -> int:
    """CRC-32 of a UTF-8 script's lines without their ends and the byte order mark, as a signed 32-bit number.

    Line ends are `\\n`, `\\r` and `\\r\\n` only, so dropping these two bytes is the same. Raises `UnicodeDecodeError` where Flyway would refuse, too.
    """
    content.decode("utf-8")
    crc = zlib.crc32(content.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"").replace(b"\n", b""))
    return crc - 2**32 if crc >= 2**31 else crc


def replace_placeholders(text: str, placeholders: Mapping[str, str]) -> str:
    """The text with `${name}` filled in; names are the same in upper and lower case, and what
    nobody declared stays.
    """
    values = {name.lower(): value for name, value in placeholders.items()}
    return PLACEHOLDER.sub(lambda found: values.get(found[1].lower(), found[0]), text)


def find_undeclared_placeholders(text: str, placeholders: Mapping[str, str]) -> list[str]:
    """The names in `${name}` that nobody declared."""
    values = {name.lower() for name in placeholders}
    return sorted({name for name in PLACEHOLDER.findall(text) if name.lower() not in values})
