"""Complete `cutover.toml`: add an example of each key that it does not show yet."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cutover_gates.config.base import SECRET_KEYS, list_keys
from docs.settings_page import format_default, format_toml
from docs.settings_tables import TablePlace, table_below, walk_tables, written_keys


def uncomment_examples(text: str) -> str:
    """Return the file with its examples in force.

    Prose has a space after its sign, an example has none.
    """
    lines = text.splitlines()
    return "\n".join(line[1:] if re.match(r"#[\[a-z]", line) else line for line in lines)


def missing_keys(text: str) -> Iterator[tuple[TablePlace, str]]:
    """Yield each key that the file shows in no example. A secret may not stand there."""
    shown = set(written_keys(tomllib.loads(uncomment_examples(text))))
    for place in walk_tables():
        for key in list_keys(place.model):
            if key not in SECRET_KEYS and (place, key) not in shown:
                yield place, key


def complete_example(text: str) -> str:
    """Return the file with an example of each missing key, at the end of its table."""
    for place, key in list(missing_keys(text)):
        # A table is shown by its own keys.
        if table_below(place, key) is None:
            text = _insert(text, place, _example_lines(key, list_keys(place.model)[key]))
    return text


def _example_lines(key: str, field: FieldInfo) -> list[str]:
    """Return the comment and the example of a key.

    Raises ValueError where the field has neither an example nor a default to show.
    """
    example = field.examples[0] if field.examples else field.default
    if example in (None, PydanticUndefined, {}, ()):
        raise ValueError(f"the setting {key} has no default to show: give it examples=[...]")
    default = f"Default: {format_default(field)}."
    if field.is_required():
        default = "No default."
    return [f"# {key}: {field.description} {default}", f"#{key} = {format_toml(example)}"]


def _insert(text: str, place: TablePlace, lines: list[str]) -> str:
    """Return the text with the lines at the end of a table, or with a new table at its end."""
    # The author's names stand where the heading has capitals.
    header = re.sub(r"\b[A-Z]+\b", r"[\\w-]+", re.escape(_with_sample_target(place.heading)))
    # The table ends at an empty line or at the header of the next.
    match = re.search(rf"(?m)^#?{header}\n(?:(?!#?\[).+\n)*", text)
    if match is None:
        purpose = (place.model.__doc__ or "").strip().splitlines()[0]
        name = re.sub(r"\b[A-Z]+\b", lambda match: match[0].lower(), place.heading)
        lines = ["", f"# {purpose}", f"#{_with_sample_target(name)}", *lines]
        return "\n".join([text.rstrip("\n"), *lines, ""])
    return "\n".join([text[: match.end()].rstrip("\n"), *lines, text[match.end() :]])


def _with_sample_target(heading: str) -> str:
    return re.sub(r"targets\.name\b", "targets.staging", heading, flags=re.IGNORECASE)
