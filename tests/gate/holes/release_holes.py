"""Holes: the release that is judged is not the release that runs, or nobody knows which one runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.gate.holes.catalogue import Change, Hole, both
from tests.gate.holes.toy_project import Toy

TODAY = datetime.now(UTC).date()
WAIVERS = "\n".join(
    f'[[waiver]]\nitem = "{item}"\ntarget = "toy"\nrelease = "9.9.9"\nby = "Ada Example"\n'
    f'at = {TODAY}\nreason = "the night goes on"\nexpires = {TODAY + timedelta(days=1)}\n'
    for item in ("patients", "documents")
)
STAGED = """
[[item]]
id = "on-staging"
section = "Toy"
title = "People can sign in on staging"
gates = ["phase3"]
proof = "check"
suite = "smoke"
rests_on = ["sign-in"]
asked_of = "staging"
"""


def reports(name: str) -> Change:
    """A target that reports its release as `release_instances` says."""
    return lambda toy: toy.replace(
        "cutover.toml", toy.url, f"{toy.url}/release/{name}/{toy.folder.name}-{id(toy)}"
    )


def settings(line: str) -> Change:
    """A line in the table of the target."""
    return lambda toy: toy.replace("cutover.toml", 'release = "1.0"', f'release = "1.0"\n{line}')


def plan(old: str, new: str) -> Change:
    """Another text in the plan, wherever it stands."""
    return lambda toy: toy.replace("plan.toml", old, new)


def add_to_plan(text: str) -> Change:
    """More text at the end of the plan."""
    return lambda toy: toy.write(
        "plan.toml", (toy.folder / "plan.toml").read_text(encoding="utf-8") + text
    )


def waive_all(toy: Toy) -> None:
    """All that may be waived is waived."""
    toy.write("waivers.toml", WAIVERS)


def hole(name: str, change: Change | None = None, holds: str = "", **other: object) -> Hole:
    """A hole whose checks all pass: a hold alone makes it NO-GO."""
    return Hole(name, change=change, holds=holds, **{"outcome": "passed", **other})  # type: ignore[arg-type]  # the fields of a hole have several types


AT_T24 = ("-m", "t24")
TO_T24 = plan('gates = ["phase3", "nightly"]', 'gates = ["t24"]')
OTHER = [
    hole("another release is named", holds="'9.9.9'", words=("--release", "9.9.9")),
    hole(
        "another release is named, and all is waived",
        waive_all,
        "'9.9.9'",
        words=("--release", "9.9.9"),
    ),
    hole("another release answers", reports("old"), "'0.9' (29 of 29)"),
    hole("one instance in ten has another release", reports("one-in-ten"), "'0.9'"),
    hole("one instance in two has another release", reports("one-in-two"), "'0.9'", thorough=True),
    hole("the release changes during the run", reports("old-at-the-end"), "after the checks"),
    hole(
        "one instance in ten changes during the run",
        reports("one-in-ten-at-the-end"),
        "after the checks",
        thorough=True,
    ),
]
LOOK_ALIKES = [
    hole(f"a release that looks like it: {name}", reports(name), shown, thorough=name != "prefix")
    for name, shown in (
        ("prefix", "'v1.0'"),
        ("candidate", "'1.0-rc.1'"),
        ("build", "'1.0+build.7'"),
        ("padded", "' 1.0'"),
        ("line-end", r"'1.0\n'"),
        ("look-alike", r"'1.0\u200b'"),
        ("other-dot", r"'1"),
        ("longer", "'1.0.0'"),
    )
]
UNTOLD = [
    hole(f"no release is told: {name}", reports(name), "tells no release", thorough=name != "none")
    for name in ("none", "both", "empty", "blank", "missing-operation")
] + [
    hole(
        "declared to tell no release, and tells another",
        both(
            reports("old"),
            settings(
                "[targets.toy.capabilities]\nreported_release = { value = false,"
                ' reason = "it is old", by = "Ada Example", at = 2026-01-01 }'
            ),
        ),
        "'0.9' (29 of 29)",
    ),
    hole("one instance tells no release", reports("one-tells-none"), "tells no release"),
    hole("half of the instances do not answer", reports("half-broken"), "of 29", thorough=True),
]
CACHED = [
    hole("the release comes from a cache", reports("aged"), "came from a cache"),
    hole("a cache says that it was a hit", reports("cache-hit"), "cache", thorough=True),
    hole("a cache says so in the new header", reports("cache-status"), "cache", thorough=True),
]
BY_GATE = [
    hole(
        "before the cutover no previous release is declared",
        TO_T24,
        "none is declared",
        words=AT_T24,
    ),
    hole(
        "the new release runs before the cutover",
        both(TO_T24, settings('previous_release = "0.9"')),
        "judged on release '0.9'",
        words=AT_T24,
    ),
    hole(
        "the previous release runs after the cutover",
        both(reports("old"), settings('previous_release = "0.9"')),
        "judged on release '1.0'",
        thorough=True,
    ),
    hole(
        "a third release runs while one replaces the other",
        both(
            plan('gates = ["phase3", "nightly"]', 'gates = ["phase2"]'),
            reports("candidate"),
            settings('previous_release = "0.9"'),
        ),
        "'0.9' or '1.0'",
        words=("-m", "phase2"),
    ),
    hole(
        "an item of another release than its gate's",
        both(
            plan('gates = ["phase3"]', 'answers = "previous"\ngates = ["phase3"]'),
            settings('previous_release = "0.9"'),
        ),
        "phase3: patients, documents",
        item="patients",
        outcome="not proven",
        says="judged on release '0.9'",
    ),
    hole(
        "staging was never judged",
        add_to_plan(STAGED),
        item="on-staging",
        outcome="not proven",
        says="no verdict of staging on release '1.0'",
    ),
]

HOLES = (*OTHER, *LOOK_ALIKES, *UNTOLD, *CACHED, *BY_GATE)
