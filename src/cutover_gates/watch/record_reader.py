"""Reads the record of a target: what all processes of the watcher wrote, joined.

A line that is not as it was written makes its segment worthless from there on: it is named, and the
time that it spoke of was not watched. A cut last line is what a killed watcher leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cutover_gates.config.settings import Settings
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import (
    BASELINE,
    BEAT,
    BEAT_SECONDS,
    BEGUN,
    EVALUATION,
    FORMAT,
    JOURNAL_LINES,
    LAG_SECONDS,
    OWN_GAP,
    PROBE,
    READ_BACK,
    STREAM,
    TRIGGERS,
    UNKNOWN,
    BrokenLine,
    decode_line,
)
from cutover_gates.watch.step_lines import merge_steps, read_steps
from cutover_gates.watch.step_marks import StepMark
from cutover_gates.watch.time_spans import Span, join_spans, subtract_spans

LONGEST_SILENCE = BEAT_SECONDS + 5 * LAG_SECONDS
"""Seconds between two beats of a running watcher. After more it did not run in between."""
WRONG_ANSWERS = frozenset({ProbeOutcome.WRONG_STATUS, ProbeOutcome.WRONG_CONTENT})
TOO_LONG = frozenset({ProbeOutcome.LATE, ProbeOutcome.TIMED_OUT})


@dataclass
class WatchRecord:
    """The record of a target. Times are seconds since 1970.

    `heads` are the first lines of the segments: what each process watched. `watched` are the spans
    in which a watcher ran, `own_gaps` those in which one ran too late. `marks` are ends of steps,
    `steps` those that a gate judged, `streams` the lines of streams that were opened or broke.
    `problems` name each unusable line or segment, `cut_lines` are those of killed watchers.
    `trigger_lines` are lists, one for each process. `segments`: the SHA-256 of each file by name.
    """

    heads: list[Mapping[str, Any]] = field(default_factory=list)
    results: list[PathProbe] = field(default_factory=list)
    journal: list[Mapping[str, Any]] = field(default_factory=list)
    read_backs: list[Mapping[str, Any]] = field(default_factory=list)
    marks: list[StepMark] = field(default_factory=list)
    streams: list[Mapping[str, Any]] = field(default_factory=list)
    steps: list[RolloutStep] = field(default_factory=list)
    baselines: list[Mapping[str, Any]] = field(default_factory=list)
    unknown: list[Mapping[str, Any]] = field(default_factory=list)
    watched: list[Span] = field(default_factory=list)
    own_gaps: list[Span] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    cut_lines: list[str] = field(default_factory=list)
    trigger_lines: list[list[Mapping[str, Any]]] = field(default_factory=list)
    segments: dict[str, str] = field(default_factory=dict)

    def find_list(self, do: str) -> list[Mapping[str, Any]] | None:
        """Return where lines of a kind are kept as they are; None for the other kinds."""
        kinds = {READ_BACK: self.read_backs, BASELINE: self.baselines, UNKNOWN: self.unknown}
        kinds[STREAM] = self.streams
        return kinds.get(do)

    @property
    def tags(self) -> frozenset[str]:
        """The tags of everything that the watchers created."""
        return frozenset(str(head["tag"]) for head in self.heads if "tag" in head)


def record_folder(settings: Settings) -> Path:
    """Return the folder of the chosen target's record."""
    return settings.resolve_path(settings.chosen_target.watch.folder) / settings.target


def read_record(folder: Path, release: str | None = None) -> WatchRecord:
    """Return the record in `folder`; an empty one where there is none.

    With `release` only what was watched for that release of the cutover counts.
    """
    record, segments = WatchRecord(), defaultdict(list)
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
        segments[path.name.rpartition(".jsonl")[0].rpartition(".")[0]].append(path)
    alive: list[Span] = []
    for paths in segments.values():
        alive += _read_process(record, paths, release)
    # By time: names of two processes of one second have no order.
    record.trigger_lines.sort(key=lambda lines: lines[0]["at"] if lines else 0.0)
    record.results.sort(key=lambda result: result.started)
    record.journal.sort(key=lambda line: line["at"])
    for lines in (record.read_backs, record.baselines, record.unknown):
        lines.sort(key=lambda line: line["at"])
    # A second watcher that ran in time covers what the first one missed.
    record.watched = join_spans(alive)
    record.own_gaps = join_spans(record.own_gaps)
    record.steps = merge_steps(record.steps)
    return record


def _read_process(record: WatchRecord, paths: list[Path], release: str | None) -> list[Span]:
    """Add what one process wrote, and return the spans in which it ran in time."""
    reading = _ProcessReading()
    lines = list(_read_lines(record, paths))
    if release is not None and lines and lines[0].get("release") != release:
        return []
    for line in lines:
        _add_line(record, reading, line)
    record.trigger_lines.append([line for line in lines if line["do"] in (TRIGGERS, EVALUATION)])
    late: Mapping[str, float] = lines[0].get("late_seconds", {}) if lines else {}
    record.results += [excuse(result, reading.gaps, late) for result in reading.results]
    record.own_gaps += reading.gaps
    return subtract_spans(reading.spans, reading.gaps)


def excuse(result: PathProbe, own_gaps: list[Span], late: Mapping[str, float]) -> PathProbe:
    """Return the result; where a gap of the watcher's own may explain a failure, it says nothing.

    A wrong answer is never explained by it. What took too long stays a failure where it took too
    long also without the seconds in which the watcher stood still.
    """
    if not result.failed or result.outcome in WRONG_ANSWERS:
        return result
    own = sum(_common_seconds(Span(result.started, result.ended), gap) for gap in own_gaps)
    longest = late.get(result.operation, 0)
    too_long = result.outcome in TOO_LONG and result.took - own > longest
    if own and not too_long:
        return replace(result, outcome=ProbeOutcome.WATCHER_ERROR)
    return result


def _common_seconds(span: Span, other: Span) -> float:
    return max(0.0, min(span.ends, other.ends) - max(span.begins, other.begins))


@dataclass
class _ProcessReading:
    """The spans in which one process ran, as far as it was read."""

    spans: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    results: list[PathProbe] = field(default_factory=list)
    last: float | None = None

    def add_sign_of_life(self, at: float) -> None:
        if self.last is None or at - self.last > LONGEST_SILENCE:
            self.spans.append(Span(at, at))
        elif at > self.spans[-1].ends:
            self.spans[-1] = Span(self.spans[-1].begins, at)
        self.last = max(at, self.last or at)


def _read_lines(record: WatchRecord, paths: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield the lines of a process's segments, up to the first that cannot be used."""
    total = ""
    for number, path in enumerate(paths, 1):
        if not path.name.endswith(f".{number:04d}.jsonl"):
            record.problems.append(f"{path.name}: segment {number} is missing before it")
            return
        content = path.read_bytes()
        record.segments[path.name] = sha256(content).hexdigest()
        lines = content.decode(errors="replace").split("\n")
        for row, text in enumerate(lines, 1):
            if not text:
                continue
            try:
                line, total = decode_line(text, total)
            except BrokenLine as error:
                is_cut = path is paths[-1] and row == len(lines)
                where = record.cut_lines if is_cut else record.problems
                where.append(f"{path.name}, line {row}: {error}")
                return
            if line["do"] == BEGUN and line.get("format") != FORMAT:
                record.problems.append(
                    f"{path.name}: format {line.get('format')} is not known here ({FORMAT} is)"
                )
                return
            yield line


def _add_head(record: WatchRecord, line: Mapping[str, Any]) -> None:
    record.steps += read_steps(line)
    if line["intervals"]:
        record.heads.append(line)
    elif (mark := StepMark.from_line(line)) is not None:
        record.marks.append(mark)


def _add_line(record: WatchRecord, reading: _ProcessReading, line: Mapping[str, Any]) -> None:
    do = line["do"]
    if do == BEGUN:
        _add_head(record, line)
    elif do == PROBE:
        plain = {name: value for name, value in line.items() if name not in ("do", "at")}
        reading.results.append(PathProbe.from_plain(plain))
    elif do == BEAT:
        reading.add_sign_of_life(line["at"])
    elif do == OWN_GAP:
        reading.gaps.append(Span(line["begins"], line["ends"]))
        reading.add_sign_of_life(line["begins"])
        reading.add_sign_of_life(line["ends"])
    elif do in JOURNAL_LINES:
        record.journal.append(line)
    elif (kept := record.find_list(do)) is not None:
        kept.append(line)
