"""The sketch of the target's words for ours, and of how it says no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cutover_gates.drivers.mapping_sketch.chart_sketch import MOVES
from cutover_gates.drivers.mapping_sketch.field_names import match_words
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.schema_shapes import SchemaField
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, Line, SketchTable

_GUESS = f"{TODO}: the document does not say"


def values_of(field: SchemaField | None) -> Sequence[object]:
    """Return the values that the document allows in a field; empty where it names none."""
    if field is None:
        return ()
    values = field.schema.get("enum")
    return values if isinstance(values, list) else ()


def word_table(
    kind: str, values: Sequence[object], words: Mapping[str, Sequence[str]]
) -> SketchTable:
    """Return the target's words for ours. Without any there is no table."""
    table = SketchTable(("words", kind))
    texts = [value for value in values if isinstance(value, str | int)]
    matched = match_words(texts, words)
    for own, known in matched.items():
        table.add(own, known[0] if len(known) == 1 else known)
    known_words = [word for known in matched.values() for word in known]
    rest = ", ".join(str(value) for value in texts if value not in known_words)
    if rest:
        table.notes.append(f"{TODO}: not known are {rest}")
    if not texts:
        table.notes.append(f"{TODO}: the document does not say the words for {kind}")
    table.path = ("words", kind) if table.lines else ()
    return table


def refusal_lines(operations: Mapping[str, OutlinedOperation]) -> Iterator[Line]:
    """Yield a rule for each reason, as far as statuses tell them apart."""
    documented = {status for one in operations.values() for status in one.statuses}
    yield Line("unauthenticated", {"status": [401]}, "" if "401" in documented else _GUESS)
    yield Line("forbidden", {"status": [403]})
    yield Line("not-found", {"status": [404]})
    invalid = [status for status in (400, 422) if str(status) in documented] or [400, 422]
    yield Line("invalid", {"status": invalid})
    moves = [name for name in MOVES if name in operations]
    if "409" in documented:
        yield Line("duplicate", {"status": [409], "operations": ["register"]})
    if "409" in documented and moves:
        yield Line("illegal-transition", {"status": [409], "operations": moves})
    stale = [status for status in (412, 428) if str(status) in documented]
    if stale:
        yield Line("stale", {"status": stale})
    elif "409" in documented:
        yield Line("stale", {"status": [409], "operations": ["update"]}, _GUESS)
    for reason, status in (("too-large", 413), ("unsupported-type", 415), ("throttled", 429)):
        yield Line(reason, {"status": [status]})
