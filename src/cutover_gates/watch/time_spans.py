"""Spans of time: joined, cut out of one another, and added up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Span(NamedTuple):
    """A span of time, in seconds since 1970."""

    begins: float
    ends: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ends - self.begins

    def overlaps(self, other: Span) -> bool:
        """Return whether both have a moment in common."""
        return self.begins <= other.ends and other.begins <= self.ends


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order; those that touch are one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.begins <= joined[-1].ends:
            joined[-1] = Span(joined[-1].begins, max(joined[-1].ends, span.ends))
        else:
            joined.append(span)
    return joined


def subtract_spans(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return what is left of the spans without the others."""
    left = join_spans(spans)
    for other in others:
        left = [part for span in left for part in _cut(span, other)]
    return left


def _cut(span: Span, other: Span) -> list[Span]:
    if not span.overlaps(other):
        return [span]
    parts = [Span(span.begins, other.begins), Span(other.ends, span.ends)]
    return [part for part in parts if part.seconds > 0]


def add_up(spans: Iterable[Span]) -> float:
    """Return the seconds of all spans together; time that two share counts once."""
    return sum(span.seconds for span in join_spans(spans))


def format_moment(moment: float) -> str:
    """Return a moment as a person reads it, with the zone of this machine."""
    local = datetime.fromtimestamp(moment).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} {local:%Z}"


def format_span(span: Span) -> str:
    """Return a span as a person reads it: the day once, both times, the zone."""
    first, last = (datetime.fromtimestamp(moment).astimezone() for moment in span)
    until = f"{last:%H:%M:%S}.{last.microsecond // 1000:03d} {last:%Z}"
    return f"{first:%Y-%m-%d %H:%M:%S}.{first.microsecond // 1000:03d} to {until}"
