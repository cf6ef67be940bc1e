"""Whether the release before stands ready after the switch of a blue-green rollout.

The way back is then a switch, and not a deployment. It serves no people any more, so no probe of
the watcher shows it: each of its instances is asked at a declared address of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.rollout import rules
from cutover_gates.util.http import BoundedResponse, ConnectionRefused, SourceUnavailable

TITLE = "the release before, after the switch"
KEY = "rollout.kept_urls"
ANSWER_SECONDS = 5.0
"""Seconds for the answer of an instance that gets no traffic."""
OTHER_KIND = "only a blue-green rollout keeps the release before after its switch"


@dataclass(frozen=True)
class KeptRelease:
    """The question. `urls` say of each instance whether it is ready; `ask` sends a request.

    `is_switched`: the step is the switch of a blue-green rollout. `header` names the release of an
    answer; None: nothing does. `ask` raises `SourceUnavailable`.
    """

    is_switched: bool
    urls: Sequence[str]
    new_release: str
    header: str | None
    ask: Callable[[str], BoundedResponse]
    record_assessment: Callable[[Assessment], None] = lambda _: None

    def assess(self) -> Assessment:
        """Return whether every declared instance of the release before is ready."""
        builder = AssessmentBuilder()
        if not self.is_switched:
            builder.checked.append(OTHER_KIND)
        elif not self.urls:
            reason = f"{KEY} is not set: name where each instance says that it is ready"
            builder.add_gap(rules.OLD_RELEASE_KEPT, KEY, reason)
        else:
            for url in self.urls:
                self._assess_instance(url, builder)
        assessment = builder.build(TITLE)
        self.record_assessment(assessment)
        return assessment

    def _assess_instance(self, url: str, builder: AssessmentBuilder) -> None:
        try:
            answer = self.ask(url)
        except ConnectionRefused:
            self._add_finding(url, "it refuses connections", builder)
        except SourceUnavailable as error:
            builder.add_gap(rules.OLD_RELEASE_KEPT, error.url or url, error.reason)
        else:
            release = answer.headers.get((self.header or "").lower(), "")
            if not 200 <= answer.status < 300:
                self._add_finding(url, f"status {answer.status}", builder)
            elif release == self.new_release:
                self._add_finding(url, f"release {release}", builder)
            elif not release:
                reason = "its answer names no release (limits.release_header)"
                builder.add_gap(rules.OLD_RELEASE_KEPT, url, reason)
            else:
                builder.checked.append(f"{url}: ready, release {release}")

    def _add_finding(self, url: str, actual: str, builder: AssessmentBuilder) -> None:
        expected = "an instance of the release before that is ready"
        builder.add_finding(
            rules.OLD_RELEASE_KEPT,
            url,
            expected=expected,
            actual=actual,
            reproduce=f"curl -i {url}",
        )
