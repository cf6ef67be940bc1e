"""Values as a person reads them: `2024-12-31`, and not `datetime.date(2024, 12, 31)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

MOST_CHARACTERS = 300
"""Characters of one value that are shown."""
NOT_KEPT = "not kept on production"


class _Visibility:
    """Whether values that the target gave may be shown. One process judges one target."""

    withheld = False


_VISIBILITY: Final = _Visibility()


def withhold_target_values(*, withheld: bool = True) -> None:
    """Leave values that the target gave out of findings from now on: they may name a patient."""
    _VISIBILITY.withheld = withheld


def text_of(value: object) -> str:
    """Return `str(value)`; of a value that makes no text of itself, its class."""
    try:
        return str(value)
    except Exception as error:  # a `__str__` of anyone's own may raise anything
        return f"<{type(value).__name__}, whose text raised {type(error).__name__}>"


def make_encodable(text: str) -> str:
    """Return the text with lone surrogates as escapes: no file and no pipe takes them."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def format_value(value: Any) -> str:
    """Return a value in plain form, cut at `MOST_CHARACTERS`.

    Texts are quoted. A text that is not plain ASCII also shows its code points, since two texts
    that look alike may differ.
    """
    text = _format(value)
    shown = text if text.isascii() else f"{text} {text!a}"
    if len(shown) <= MOST_CHARACTERS:
        return shown
    return f"{shown[:MOST_CHARACTERS]}… ({len(shown)} characters)"


def format_target_value(value: Any) -> str:
    """Return a value that the target gave, as `format_value` does; on production its kind alone.

    Numbers and words of a fixed list (a state, a sex) are shown there, too.
    """
    if not _VISIBILITY.withheld or value is None or isinstance(value, bool | int | float | Enum):
        return format_value(value)
    if isinstance(value, str | bytes):
        return f"another text ({len(value)} characters; {NOT_KEPT})"
    return f"another {type(value).__name__} ({NOT_KEPT})"


def _format(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_format(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_format(item) for item in value) + "]"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _format_fields(value)
    return repr(value)


def _format_fields(value: Any) -> str:
    names = [field.name for field in dataclasses.fields(value) if field.repr]
    fields = ", ".join(f"{name}={_format(getattr(value, name))}" for name in names)
    return f"{type(value).__name__}({fields})"
