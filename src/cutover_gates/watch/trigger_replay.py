"""Replays the evaluations of a record through the triggers: live and afterwards decide the same.

What a watcher kept is compared with what its record makes of it. Lines that were taken away or
added change the count or the decisions, whatever the sums of the lines say. Beside it stands why a
trigger could not be decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.triggers.evaluation import Evaluation
from cutover_gates.core.triggers.recorded_evaluations import parse_evaluation
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_limits import COVERED_SHARE, TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.core.triggers.trigger_state import dump_state, resume_machine
from cutover_gates.watch.assessments import FRESH_SECONDS
from cutover_gates.watch.kept_triggers import KeptTriggers
from cutover_gates.watch.record_lines import TRIGGERS
from cutover_gates.watch.time_spans import Span

Line = Mapping[str, Any]


@dataclass(frozen=True)
class ReplayedFiring:
    """What fired in a replay, and its moment in seconds since 1970."""

    firing: Firing
    moment: float


@dataclass
class TriggerReplay:
    """The replay of all processes of a watch. `compared`: what the kept state should be.

    `problems` say, each as a clause, in what the record does not hold together.
    """

    limits: TriggerLimits
    kept: KeptTriggers | None
    machine: TriggerMachine = field(init=False)
    compared: Mapping[str, Any] | None = None
    firings: list[ReplayedFiring] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = TriggerMachine(self.limits)

    def run(self, processes: Sequence[Sequence[Line]]) -> None:
        """Replay every process, each from where the one before it was resumed."""
        for number, lines in enumerate(processes):
            following = processes[number + 1] if number + 1 < len(processes) else []
            self._replay_process(lines, _find_resumed(following))

    def _replay_process(self, lines: Sequence[Line], resumed: int | None) -> None:
        """Replay one process up to the evaluation that the next one has `resumed` from."""
        left = 0
        if lines and not any(line["do"] == TRIGGERS for line in lines):
            self.problems.append(
                "a watcher does not say from where, and by what limits, it went on"
            )
        for line in lines:
            if line["do"] == TRIGGERS:
                self._begin(line)
            elif resumed is not None and self.machine.evaluations == resumed:
                left += 1
                self._peek(line)
            else:
                self._evaluate(self.machine, line)
                self._keep_for_comparison()
        # One: it was killed after it wrote the line and before it kept the state.
        if left > 1:
            self.problems.append(f"a watcher went on {left} evaluations before the last one")

    def _begin(self, line: Line) -> None:
        if line["resumes"] is None:
            if self.machine.evaluations and not line.get("why"):
                self.problems.append("a watcher began anew and did not know of the one before it")
            self.machine = TriggerMachine(self.limits)
            return
        if line["resumes"] != self.machine.evaluations:
            self.problems.append(
                f"a watcher went on after {line['resumes']} evaluations, and the record has"
                f" {self.machine.evaluations}"
            )
        self.machine = resume_machine(_dump_plain(self.machine), self.limits, line["unwatched"])

    def _peek(self, line: Line) -> None:
        """Take what fires with a line that the next watcher did not go on from."""
        copy = resume_machine(_dump_plain(self.machine), self.limits, 0.0)
        copy.offset = self.machine.offset
        self._evaluate(copy, line)

    def _evaluate(self, machine: TriggerMachine, line: Line) -> None:
        try:
            evaluation = parse_evaluation(line["evaluation"])
            fired = machine.evaluate(evaluation)
        except (ValueError, KeyError, TypeError) as error:
            self.problems.append(f"an evaluation cannot be used: {error}")
            return
        self.firings += [ReplayedFiring(firing, evaluation.at) for firing in fired]

    def _keep_for_comparison(self) -> None:
        if self.kept and self.machine.evaluations == self.kept.evaluations:
            self.compared = _dump_plain(self.machine)

    def find_disagreement(self, kept_later: KeptTriggers | None) -> str:
        """Return in what the kept state differs from the replay; empty where it does not.

        `kept_later` is the state as it stood after the record was read.
        """
        if self.kept is None or kept_later is None:
            return "the watcher kept no state (triggers.json is missing)"
        if self.compared is None:
            return (
                f"the state has taken in {self.kept.evaluations} evaluations, and the record has"
                f" {self.machine.evaluations}"
            )
        if self.machine.evaluations > max(self.kept.evaluations, kept_later.evaluations) + 1:
            return (
                f"the record has {self.machine.evaluations} evaluations, and the state has taken"
                f" in {kept_later.evaluations}"
            )
        differing = [name for name, value in self.compared.items() if value != self._of_kept(name)]
        return f"the state differs in {', '.join(differing)}" if differing else ""

    def _of_kept(self, name: str) -> Any:
        assert self.kept is not None
        return self.kept.state.get(name)


def replay_window(
    processes: Iterable[Sequence[Line]], window: Span, limits: TriggerLimits
) -> tuple[TriggerMachine, list[float]]:
    """Return the triggers as if they had been watched in the window alone, and the moments of it.

    What was unknown, pending or not watched before it does not count in it.
    """
    machine, moments = TriggerMachine(limits), list[float]()
    for lines in processes:
        evaluations = [one for one in _parse_lines(lines) if window.begins <= one.at <= window.ends]
        if evaluations and moments:
            unwatched = max(0.0, evaluations[0].at - moments[-1])
            machine = resume_machine(_dump_plain(machine), limits, unwatched)
        for one in evaluations:
            if not moments or one.at > moments[-1]:
                machine.evaluate(one)
                moments.append(one.at)
    return machine, moments


def list_unwatched(
    machine: TriggerMachine, moments: Sequence[float], window: Span
) -> Iterator[str]:
    """Yield the begin, the end and the share of the window that no evaluation covers."""
    longest = machine.limits.longest_step
    if not moments:
        yield "the triggers were not evaluated in it"
        return
    before, after = moments[0] - window.begins, window.ends - moments[-1]
    if before > longest:
        yield f"the first evaluation came {before:.0f} s after its begin"
    if after > longest + FRESH_SECONDS:
        yield f"the last evaluation came {after:.0f} s before its end"
    unseen = machine.unwatched + max(0.0, before - longest) + max(0.0, after - longest)
    if unseen > (1 - COVERED_SHARE) * window.seconds:
        yield f"they were not evaluated for {unseen:.0f} of {window.seconds:.0f} s"


def _parse_lines(lines: Iterable[Line]) -> Iterator[Evaluation]:
    """Yield the evaluations; one that cannot be used is named by the replay of the whole record."""
    for line in lines:
        if line["do"] != TRIGGERS:
            try:
                yield parse_evaluation(line["evaluation"])
            except (ValueError, KeyError, TypeError):
                continue


def _find_resumed(lines: Sequence[Line]) -> int | None:
    resumed = [line.get("resumes") for line in lines if line["do"] == TRIGGERS]
    return resumed[0] if resumed else None


def _dump_plain(machine: TriggerMachine) -> dict[str, Any]:
    """Return the state as it is read back from a file."""
    plain: dict[str, Any] = json.loads(json.dumps(dump_state(machine), default=str))
    return plain


def list_unknown_reasons(
    lines: Sequence[Mapping[str, Any]], window: Span, trigger: TriggerName
) -> list[tuple[str, str]]:
    """Return each condition or source with a reason why it was unknown in the window, once each.

    A line holds from its moment to the next one about the same; one with an empty reason ends it.
    A source that was not heard at all concerns every trigger.
    """
    found = []
    for about in sorted({str(line["about"]) for line in lines}):
        if "/" in about and not about.startswith(f"{trigger}/"):
            continue
        own = [line for line in lines if line["about"] == about]
        ends = [line["at"] for line in own[1:]] + [window.ends]
        for line, end in zip(own, ends, strict=True):
            if line["reason"] and line["at"] <= window.ends and end >= window.begins:
                found.append((about.rstrip("/"), str(line["reason"])))
    return list(dict.fromkeys(found))
