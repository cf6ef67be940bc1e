"""What is said where the walk stops: the line to mend, what was expected there, and what to write
instead where that can be told.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from cutover.drivers.building import same_origin
from cutover.drivers.walking.hints import complained_of, hint
from cutover.drivers.walking.places import Places
from cutover.drivers.walking.reaching import WANTS_TLS, when_silent
from cutover.drivers.walking.refusals import of_refusal
from cutover.drivers.walking.seen import MOST, Seen, TooMany
from cutover.drivers.walking.way import Astray, NotRefused, Step, Way
from cutover.hospital import MappingError, Misbehaved, Reason, Refused, Unreachable

_TOLD = re.compile(r"^  (expected|came|mapping): +(.*)$", re.MULTILINE)
_KEY = re.compile(
    r"""^[^:\n]+:\ (?P<key>[a-z_]+(?:\.[\w-]+|\[\d+\])*)
                      (?P<given>\ =\ (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.*?))?:\ (?P<teach>.*)$""",
    re.DOTALL | re.VERBOSE,
)
_WORDS = re.compile(r"\[(words\.\w+)\]")
_STEP = re.compile(r"operations\.\w+(?:\.steps\[\d+\])?|setup\[\d+\]")
_FHIR = (
    "look at what the server's capability statement promises, and at the keys of its table fhir"
    " (docs/settings.md)"
)


@dataclass(frozen=True)
class Stop:
    """Where the walk stops: `line` is the place and the key to mend.

    `final`: nothing more can be asked of the target.
    """

    line: str
    expected: str
    came: str
    mend: str
    final: bool = False

    @property
    def sentence(self) -> str:
        """The one sentence."""
        return f"{self.line}: {'; '.join(filter(None, (self.came, self.mend)))}"


@dataclass(frozen=True)
class Teller:
    """Tells what stopped a step. `base_url` is the target's."""

    places: Places
    seen: Seen
    base_url: str

    def stop(self, step: Step, way: Way, error: Exception) -> Stop:
        """The stop that `error` is.

        Whatever a driver raises is told, so that nobody sees a traceback of ours.
        """
        stop = self._stop(step, way, error)
        if self.places.driver == "rest" or not stop.line.startswith(
            (self.places.of("driver"), self.places.of("fhir.auth"))
        ):
            return stop
        return replace(
            stop,
            mend=(
                _FHIR
                if self.places.driver == "fhir"
                else f"look at what the driver's {step.operation} gives back or raises here"
            ),
        )

    def _stop(self, step: Step, way: Way, error: Exception) -> Stop:
        if (
            self.seen.answer
            and self.seen.answer.status == 400
            and WANTS_TLS.search(self.seen.answer.text)
        ):
            return Stop(
                self._line("url"),
                "an answer over HTTP",
                "TLS is spoken at this port",
                "write https:// instead of http://",
                final=True,
            )
        if isinstance(error, Unreachable):
            return self._unreachable(step, error)
        if isinstance(error, MappingError):
            return self.mistake(error)
        if isinstance(error, TooMany):
            came = f"{MOST} requests were sent, and there was no end"
            return Stop(
                self._line(f"operations.{step.operation}.query"),
                "one entry, on one page",
                came,
                "the target does not heed a filter, or its pages do not turn: mend their names",
            )
        if isinstance(error, NotRefused):
            return self._not_refused(error)
        if isinstance(error, Refused):
            return self._refused(step, error)
        if isinstance(error, Astray):
            came = f"expected {error.expected}, came {error.came}"
            key = (
                self.places.way_of(error.key)
                if error.key.count(".") == 1 and error.key.startswith("operations.")
                else error.key
            )
            return Stop(
                self._line(key),
                error.expected,
                came,
                hint(self.seen, way, error.key, "") or error.mend,
            )
        if isinstance(error, Misbehaved):
            return self._misbehaved(step, way, error)
        return self._driver(error)

    def mistake(self, error: MappingError) -> Stop:
        """A mapping error says itself what is wrong; what it lacks is the line's number."""
        found = _KEY.match(str(error))
        if not found:
            return Stop(str(error), "", "", "")
        key = (
            self.places.way_of(found["key"])
            if found["teach"].endswith("is the path right?")
            else found["key"]
        )
        line = f"{self.places.of(key)}{found['given'] or ''}"
        return Stop(
            line,
            "",
            found["teach"],
            "",
            final=found["key"].removeprefix(self.places.target) == "url",
        )

    def _refused(self, step: Step, error: Refused) -> Stop:
        if error.answer.status < 300:
            came = f"this rule sees a refusal in HTTP {error.answer.status}: {error}"
            return Stop(
                self._line(f"refusals.{error.reason.value}"),
                "no refusal",
                came,
                "mend it, so that it holds only for what says no",
            )
        key, mend = of_refusal(step, error.reason)
        key, complaint = (
            complained_of(self.seen, self.places, key)
            if error.reason is Reason.INVALID
            else (key, "")
        )
        return Stop(self._line(key), "no refusal", f"the target refused: {error}{complaint}", mend)

    def _misbehaved(self, step: Step, way: Way, error: Misbehaved) -> Stop:
        told = dict(_TOLD.findall(str(error)))
        line = re.sub(r" \([^()]*\)$", "", told.get("mapping", f"operations.{step.operation}"))
        key, _, given = line.partition(" = ")
        expected, came = (
            told.get("expected", "what the protocol allows"),
            told.get("came", str(error).splitlines()[0]),
        )
        if words := _WORDS.search(expected):
            return Stop(
                self._line(words[1]),
                expected,
                f"came {came}",
                "write it beside the word of ours that it means",
            )
        if self.seen.answer and self.seen.answer.status in (405, 501) and key.endswith(".expect"):
            return Stop(
                self._line(key.removesuffix("expect") + "method"),
                expected,
                f"came {came}",
                "mend the method, or the path",
            )
        if page := self._page(key):
            return Stop(
                self._line(page),
                expected,
                self.seen.came(),
                "a page for people came where data was expected: mend this way, base_path, or the"
                " target's url; a page to log in at means that the token is not shown as it"
                " must be",
            )
        return Stop(
            self._line(key, given),
            expected,
            f"expected {expected}, came {came}",
            hint(self.seen, way, key, given),
        )

    def _not_refused(self, error: NotRefused) -> Stop:
        wanted, answer = error.reasons[0].value, self.seen.answer
        key, expected = (
            f"refusals.{wanted}",
            (
                "a refusal that the mapping reads as"
                f" {' or '.join(reason.value for reason in error.reasons)}"
            ),
        )
        status = answer.status if answer else 0
        if answer is None:
            return Stop(
                self._line(key),
                expected,
                "the target was asked nothing, so nothing was refused",
                "let the driver ask it",
            )
        if error.told is not None:
            return Stop(
                self._line(key),
                expected,
                f"the target refused, and the mapping reads its HTTP {status} as"
                f" {error.told.reason.value}",
                f"say by what a reader tells them apart: {wanted} = {{ status = [{status}], where ="
                ' "…" }',
            )
        if status >= 400:
            came = f"the target answered HTTP {status}, which no rule knows"
            return Stop(
                self._line(key), expected, came, f"write {wanted} = {{ status = [{status}] }}"
            )
        return Stop(
            self._line(key),
            expected,
            f"the target answered HTTP {status} and the mapping sees no refusal in it",
            f'where the answer does say no, write by what: {wanted} = {{ where = "…" }}; where it'
            " does not, the gate will tell",
        )

    def _unreachable(self, step: Step, error: Unreachable) -> Stop:
        came = dict(_TOLD.findall(str(error))).get("came", str(error).splitlines()[0])
        elsewhere = self.seen.request is not None and not same_origin(
            str(self.seen.request.url), self.base_url
        )
        key = f"{self._step_key(str(error), step)}.url" if elsewhere else "url"
        mend = when_silent(came)
        return Stop(
            self._line(key),
            "an answer",
            came,
            mend,
            final=not elsewhere and (error.final or not self.seen.heard),
        )

    def _driver(self, error: Exception) -> Stop:
        """A class of the user's own raised what `Hospital` does not know: the line is one of its
        source.
        """
        ours = Path(__file__).parents[2]
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if ours not in Path(frame.filename).parents and "site-packages" not in frame.filename
        ]
        where = (
            f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}, {frames[-1].name}"
            if frames
            else f"the driver's {self.seen.operation}"
        )
        return Stop(
            where,
            "an answer, or one of the errors that cutover.hospital.Hospital names",
            f"{type(error).__name__}: {error}",
            "a driver tells what went wrong by Refused, Misbehaved, NotOffered or MappingError",
        )

    def _page(self, key: str) -> str:
        """The way that led to a page for people instead of data; empty where it did not."""
        answer, step = self.seen.answer, _STEP.match(key)
        data = (
            key.endswith(".expect")
            or key.startswith("answers.")
            or ".answer." in key
            or ".capture." in key
            or key.endswith((".items", ".total"))
        )
        if (
            answer is None
            or answer.json is not None
            or "html" not in answer.media_type
            or answer.status >= 400
            or not data
        ):
            return ""
        return self.places.way_of(step[0] if step else f"operations.{self.seen.operation}")

    def _step_key(self, text: str, step: Step) -> str:
        found = _STEP.search(dict(_TOLD.findall(text)).get("mapping", ""))
        return found[0] if found else f"operations.{step.operation}"

    def _line(self, key: str, given: str = "") -> str:
        return f"{self.places.of(key)}{f' = {given}' if given else ''}"
