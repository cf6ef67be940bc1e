"""Made-up people and files.

Nothing here is about anyone: names come from a fixed list, and every MRN carries the run's tag.

What is made is unique to each call, so that checks can run beside each other, and again, on one
target.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import cycle

from cutover_gates.hospital import Credentials, PatientDraft, Session, Sex, Upload

MRN_CHARACTERS = 32
"""The longest medical record number that the default dialect takes."""

NAME_CHARACTERS = 200
"""The longest name that the default dialect takes."""

TOKEN_BYTES = 5
KIB = 1024

MAGIC: Mapping[str, tuple[bytes, bytes]] = {
    "application/pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", b"\n%%EOF\n"),
    "image/png": (b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"),
    "image/jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\xff\xd9"),
    "text/plain": (b"", b""),
}
"""How a file of each type begins and ends."""

SUFFIXES: Mapping[str, str] = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}

NAMES: Mapping[str, tuple[str, str]] = {
    "plain": ("Okafor", "Adaeze"),
    "accents": ("Ångström-Šimůnková", "Zoë"),
    "apostrophes": ("O'Brien-D’Arcy", "Siobhán"),
    "spaces": ("van der  Berg", "Anna Maria"),
    "cjk": ("欧阳", "娜娜"),
    "hangul": ("남궁", "민수"),
    "arabic": ("الخطيب", "ليلى"),
    "hebrew": ("בן־דוד", "נועה"),
    "devanagari": ("शर्मा", "क्षितिज"),
    "combining": (
        "Nguye\u0302\u0303n",
        "Zoe\u0308",
    ),  # kept decomposed: to normalize a name is to change it
    "beyond-the-basic-plane": ("𠮷野", "🙂"),
    "markup": ('<b>Smith</b> & "Co"', "{{7*7}}%s"),
    "sql": ("Robert'); DROP TABLE patients;--", "%_\\"),
    "words-for-nothing": ("Null", "None"),
}
"""Families of names that software tends to break: family name and given name."""


def token() -> str:
    """Ten characters that nothing else has.

    Not from `random`: a seed that makes a run repeatable would make these repeat.
    """
    return secrets.token_hex(TOKEN_BYTES)


@dataclass(frozen=True)
class PatientFactory:
    """Makes patients' drafts and accounts that do not exist, for the run called `tag`."""

    tag: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]+", self.tag) or len(self.mrn()) > MRN_CHARACTERS:
            room = MRN_CHARACTERS - 2 * TOKEN_BYTES - 1
            raise ValueError(
                f"a run's tag has 1 to {room} letters, digits or hyphens, so that it fits into a"
                f" record number; given: {self.tag!r}"
            )

    def mrn(self) -> str:
        """A medical record number that nobody has."""
        return f"{self.tag}-{token()}"

    def draft(self) -> PatientDraft:
        """An ordinary patient.

        No two fields hold the same value, so that swapped ones show; the 4th of March, so that
        swapped day and month do.
        """
        unique = token()
        return PatientDraft(
            self.mrn(),
            f"Okafor-{unique}",
            f"Adaeze-{unique[::-1]}",
            date(1987, 3, 4),
            Sex.FEMALE,
            f"+4930{int(unique, 16) % 10**8:08d}",
            f"{int(unique, 16) % 97 + 1} Harbour Road, Bremen",
        )

    def draft_with_name(self, kind: str) -> PatientDraft:
        """A patient whose name is one of `NAMES`."""
        family_name, given_name = NAMES[kind]
        return PatientDraft(self.mrn(), family_name, given_name, date(2000, 2, 29), Sex.OTHER)

    def minimal_draft(self) -> PatientDraft:
        """As little as may be known: one letter, no given name, nothing else. A foundling."""
        return PatientDraft(self.mrn(), "X", "", date(2024, 12, 31), Sex.UNKNOWN)

    def longest_draft(self) -> PatientDraft:
        """Names of the greatest length, of characters with two, three and four bytes."""
        family_name = "".join(
            character for character, _ in zip(cycle("é語𠮷"), range(NAME_CHARACTERS), strict=False)
        )
        return PatientDraft(
            self.mrn(), family_name, "Ж" * NAME_CHARACTERS, date(1900, 1, 1), Sex.MALE
        )

    def unknown_credentials(self) -> Credentials:
        """An account that does not exist."""
        return Credentials(f"nobody-{self.mrn()}", f"No-1-knows-{token()}")


@dataclass(frozen=True)
class FileFactory:
    """Makes files for the run called `tag`."""

    tag: str

    def of_type(self, media_type: str, size: int = KIB) -> Upload:
        """A file of one of the types in `MAGIC`, with exactly `size` bytes.

        A text is UTF-8 with both kinds of line end; the other types hold every byte value.
        """
        head, tail = MAGIC[media_type]
        room = size - len(head) - len(tail)
        if room < 0:
            raise ValueError(
                f"a file of {media_type} has at least {len(head) + len(tail)} bytes; asked for:"
                f" {size}"
            )
        filling = _make_text(room) if media_type == "text/plain" else _make_bytes(room)
        return Upload(self.name(SUFFIXES[media_type]), media_type, head + filling + tail)

    def tiny(self) -> Upload:
        """One byte."""
        return Upload(self.name("txt"), "text/plain", b"x")

    def of_forbidden_type(self, media_type: str, suffix: str) -> Upload:
        """A file that declares a type of which nothing may be filed, and begins like a program."""
        return Upload(self.name(suffix), media_type, b"MZ\x90\x00" + _make_bytes(KIB))

    def with_name(self, file_name: str) -> Upload:
        """A small text under a name of the check's choice."""
        return Upload(file_name, "text/plain", _make_text(KIB))

    def name(self, suffix: str) -> str:
        return f"{self.tag}-{token()}.{suffix}"


@dataclass(frozen=True)
class ForgedSessions:
    """Sessions that a target must refuse. `unsigned` are the spellings of `alg: none`."""

    made_up: Session
    tampered: Session
    unsigned: tuple[Session, ...]
    expired_or_why_not: Session | Exception

    @property
    def expired(self) -> Session:
        """A session that was good once. Raises what the settings say where there is none."""
        if isinstance(self.expired_or_why_not, Exception):
            raise self.expired_or_why_not
        return self.expired_or_why_not


HOSTILE_IDS = ("'\"--;", "\x00", "9" * 40, "🙂", "..", "null")
"""What strangers put where an id belongs."""


def _make_bytes(size: int) -> bytes:
    """Random bytes of which, where there is room, each value occurs: zero bytes, line ends, and
    bytes that are no UTF-8.
    """
    return (bytes(range(256)) + secrets.token_bytes(max(0, size - 256)))[:size]


def _make_text(size: int) -> bytes:
    line = f"Blutdruck 120/80 – „gut“, 体温 36.6 °C {token()}\r\nzweite Zeile\n\n".encode()
    whole = (line * (size // len(line) + 1))[:size]
    kept = whole.decode(errors="ignore").encode()
    return kept + b"." * (size - len(kept))  # a cut through a character would be no text


def make_unused_id(known_id: str) -> str:
    """An id of the same make as `known_id` that, as far as anyone can tell, nothing has."""
    if known_id.isdigit():
        return next(
            made
            for made in iter(lambda: f"9{secrets.randbelow(10**8):08d}", "")
            if made != known_id
        )
    digits = dict.fromkeys("0123456789abcdef", "0123456789abcdef")
    return "".join(secrets.choice(digits.get(character, character)) for character in known_id)
