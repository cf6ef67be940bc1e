"""What an expression of PromQL looks at: its selectors and the numbers that it compares with.

Prometheus parses, but tells no one what it found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""
    (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
  | (?P<comment>\#[^\n]*)
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<sign>=~|!~|!=|==|>=|<=|[{}()\[\],@=<>+\-*/%^])
  | (?P<space>\s+)
""",
    re.VERBOSE,
)
_WITH_LABELS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"})
_AGGREGATIONS = frozenset(
    {
        "sum",
        "min",
        "max",
        "avg",
        "group",
        "stddev",
        "stdvar",
        "count",
        "count_values",
        "bottomk",
        "topk",
        "quantile",
        "limitk",
        "limit_ratio",
    }
)


class UnsupportedExpression(ValueError):
    """An expression that is none, as far as can be told here."""


@dataclass(frozen=True)
class PromqlSelector:
    """One selector, as it is written but without spaces.

    `name` is that of the metric, None where a label gives it.
    """

    text: str
    name: str | None
    labels: tuple[str, ...] = ()

    @property
    def any_value(self) -> str:
        """The same metric, whatever its labels say, as long as it has them."""
        named = [f'{label}!=""' for label in dict.fromkeys(self.labels) if label != "__name__"]
        return (
            f"{self.name or ''}{{{','.join(named)}}}"
            if self.name and named
            else self.name or self.text
        )


def parse_selectors(expression: str) -> Sequence[PromqlSelector]:
    """Every selector once, in the order of the expression. Raises `UnsupportedExpression`."""
    return list(dict.fromkeys(_find_selectors(_tokenize(expression))))


def find_numbers(expression: str) -> frozenset[float]:
    """The plain numbers in it, thresholds among them; durations and what stands in brackets are
    none.
    """
    found, depth = set(), 0
    for kind, text in _tokenize(expression):
        depth += (text in ("[", "{")) - (text in ("]", "}"))
        if kind == "number" and not depth and re.fullmatch(r"[\d.]+(?:[eE][+-]?\d+)?", text):
            found.add(float(text))
    return frozenset(found)


def find_result_labels(expression: str) -> frozenset[str] | None:
    """The labels of the series that a result of the expression still has; None: all, as far as can
    be told. Raises `UnsupportedExpression`.
    """
    tokens = _tokenize(expression)
    words = [text.lower() for kind, text in tokens if kind == "name"]
    if not _AGGREGATIONS & set(words) or {"or", "and", "unless", "without"} & set(words):
        return None
    named = set[str]()
    for place, (_, text) in enumerate(tokens):
        if text.lower() == "by":
            named |= {
                label
                for kind, label in tokens[place : _find_closing(tokens, place, ")")]
                if kind == "name"
            } - {text}
    return frozenset(named)


def add_labels(selector: str, labels: str) -> str:
    """The selector with further labels (`job="hospital"`)."""
    labels = labels.strip("{}, ")
    if not labels:
        return selector
    name, brace, inner = selector.strip().partition("{")
    own = inner.rpartition("}")[0].strip(", ") if brace else ""
    return f"{name.strip()}{{{','.join(filter(None, (own, labels)))}}}"


def _tokenize(expression: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise UnsupportedExpression(
                f"there is a {expression[place]!r} where nothing of the kind can stand"
            )
        if match.lastgroup not in ("space", "comment"):
            found.append((str(match.lastgroup), match.group()))
        place = match.end()
    return found


def _find_selectors(tokens: list[tuple[str, str]]) -> Iterator[PromqlSelector]:
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        if text == "[":  # a range: nothing in it is a selector
            place = _find_closing(tokens, place, "]")
        elif kind == "name" and text.lower() in _WITH_LABELS and following == "(":
            place = _find_closing(tokens, place, ")")
        elif text == "{" or (kind == "name" and following == "{"):
            end = _find_closing(tokens, place, "}")
            yield _build_selector(tokens[place:end])
            place = end
        else:
            if kind == "name" and not _is_word(text, following):
                yield PromqlSelector(text, text)
            place += 1


def _is_word(text: str, following: str) -> bool:
    """A function, an operator, or the name of an aggregation before its labels."""
    return (
        following == "("
        or text.lower() in _WORDS | _WITH_LABELS
        or (text.lower() in _AGGREGATIONS and following.lower() in ("by", "without"))
    )


def _find_closing(tokens: list[tuple[str, str]], place: int, closing: str) -> int:
    for number in range(place, len(tokens)):
        if tokens[number] == ("sign", closing):
            return number + 1
    raise UnsupportedExpression(f"a {closing!r} is missing")


def _build_selector(tokens: list[tuple[str, str]]) -> PromqlSelector:
    name = tokens[0][1] if tokens[0][0] == "name" else None
    inner = tokens[2 if name else 1 : -1]
    labels = tuple(
        one[1] for one, sign in pairwise(inner) if one[0] == "name" and sign[1][0] in "=!"
    )
    for label, sign, value in zip(inner, inner[1:], inner[2:], strict=False):
        if label[1] == "__name__" and sign[1] == "=":
            name = name or value[1][1:-1]
    return PromqlSelector("".join(text for _, text in tokens), name, labels)
