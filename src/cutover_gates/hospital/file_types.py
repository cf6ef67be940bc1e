"""How files of a type begin and end, and what their names end with."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping

MAGIC: Mapping[str, tuple[bytes, bytes]] = {
    "application/pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", b"\n%%EOF\n"),
    "image/png": (b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"),
    "image/jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\xff\xd9"),
    "text/plain": (b"", b""),
}
"""The first and last bytes of a file of each type."""

SUFFIXES: Mapping[str, str] = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}


def suffix_of(media_type: str) -> str:
    """Return what the name of a file of this type ends with, without the dot."""
    guessed = mimetypes.guess_extension(media_type) or ".bin"
    return SUFFIXES.get(media_type, guessed.removeprefix("."))
