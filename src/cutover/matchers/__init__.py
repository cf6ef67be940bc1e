"""What a check expects, said so that a failure explains itself.

Knows the language of `cutover.hospital` and what an examination is.
"""

from cutover.matchers.acts import Told, at_once, refused
from cutover.matchers.answers import (
    as_documented,
    changing,
    locked,
    revealing,
    told_apart,
    unshielded,
)
from cutover.matchers.examinations import sound
from cutover.matchers.values import byte_for_byte, only, same, stands

__all__ = [
    "Told",
    "as_documented",
    "at_once",
    "byte_for_byte",
    "changing",
    "locked",
    "only",
    "refused",
    "revealing",
    "same",
    "sound",
    "stands",
    "told_apart",
    "unshielded",
]
