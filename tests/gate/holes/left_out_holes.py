"""Holes in which something is left out: declared absent, hollowed out, or waived too far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.gate.holes.catalogue import Change, Hole, both, documents_fail, file, swap
from tests.gate.holes.toy_project import Toy

NOW = datetime.now(UTC)
WHO = f'by = "Ada Example", at = {NOW.date()}'
DOCUMENTS = "smoke/test_documents.py"
RULE = "from cutover_gates.core.findings import Finding, FindingsError, Rule"
SOON = timedelta(days=1)


def declare(table: str, line: str) -> Change:
    """A line in a table of the toy's settings."""

    def change(toy: Toy) -> None:
        path = toy.folder / "cutover.toml"
        settings = path.read_text(encoding="utf-8")
        toy.write("cutover.toml", f"{settings}\n[targets.toy.{table}]\n{line}\n")

    return change


def absent(item: str) -> Change:
    """An item that is declared not applicable."""
    return declare("not_applicable", f'{item} = {{ reason = "we have none", {WHO} }}')


def lacks(*names: str) -> Change:
    """Capabilities that are declared absent."""
    facts = [f'{name} = {{ value = false, reason = "we have none", {WHO} }}' for name in names]
    return declare("capabilities", "\n".join(facts))


def everything_for(role: str) -> Change:
    """A table of roles in which the only one may do everything."""
    return declare("roles", f'{role} = {{ may = ["*"] }}')


def needs(capability: str) -> Change:
    """The sign-in check needs a capability that the target is asked for first."""
    return swap(
        "def test_people_sign_in(recorder):",
        "from cutover_gates.hospital import Unsupported\ndef test_people_sign_in(recorder):\n"
        f"    raise Unsupported('{capability}', 'we have none')\n\ndef test_a_door(recorder):",
    )


def waive(scope: str, *, target: str = "toy", lasts: timedelta = SOON) -> Change:
    """A waiver of a rule, a check or an item."""
    return file(
        "waivers.toml",
        f'[[waiver]]\n{scope}\ntarget = "{target}"\nrelease = "1.0"\nby = "Ada Example"\n'
        f'at = {NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}\nreason = "we can live with it"\n'
        f"expires = {NOW + lasts:%Y-%m-%dT%H:%M:%SZ}\n",
    )


def documents_find(*findings: str, waivable: bool = True) -> Change:
    """The documents' check finds breaches, each written as `rule subject`."""
    pairs = [finding.split(" ") for finding in findings]
    made = ", ".join(
        f"Finding(Rule('{rule}', 'T', waivable={waivable}), '{subject}', 'x', 'y')"
        for rule, subject in pairs
    )
    return lambda toy: toy.replace(
        DOCUMENTS,
        "    recorder",
        f"    {RULE}\n    recorder.observe('seen', size=0)\n    raise FindingsError({made})\n"
        "    recorder",
    )


def at_least(name: str) -> Change:
    """What the plan asks of the sign-in at least."""
    return lambda toy: toy.replace(
        "plan.toml", "waivable = false", f'waivable = false\nat_least = ["{name}"]'
    )


DECLARED = (
    Hole(
        "not applicable, and a check of it failed",
        change=both(absent("documents"), documents_fail),
        item="documents",
        outcome="failed",
        says="declared not applicable, and its check smoke/test_documents.py",
    ),
    Hole(
        "not applicable, and its check is deselected",
        words=("--deselect", f"{DOCUMENTS}::test_a_document_is_filed"),
        change=absent("documents"),
        item="documents",
        says="did not run",
    ),
    Hole(
        "not applicable, and its file is not collected",
        words=(f"--ignore={DOCUMENTS}",),
        change=absent("documents"),
        item="documents",
        says="did not run",
        thorough=True,
    ),
    Hole(
        "not applicable, and a check found a breach of a rule",
        change=both(absent("documents"), documents_find("TOY-1 a")),
        item="documents",
        outcome="failed",
        says="found something",
        thorough=True,
    ),
    Hole(
        "not applicable, failed, and waived for what is not proven",
        change=both(
            absent("documents"),
            documents_fail,
            waive('item = "documents"\ncovers = "not proven"'),
        ),
        item="documents",
        outcome="failed",
        says="found something",
        thorough=True,
    ),
    Hole(
        "not applicable, of an item that is never waived, and failed",
        change=both(absent("sign-in"), swap("    recorder", "    assert False\n    recorder")),
        outcome="failed",
        says="found something",
        thorough=True,
    ),
    Hole(
        "an item that is never waived, hollowed out by a capability",
        change=both(lacks("sign_in"), needs("sign_in")),
        says="the plan does not say which ones sign-in needs at least",
        thorough=True,
    ),
    Hole(
        "an item that is never waived, without what the plan asks for at least",
        change=both(lacks("sign_in"), needs("sign_in"), at_least("test_people_sign_in")),
        says="the plan asks for test_people_sign_in at least, which is not applicable",
    ),
    Hole(
        "a table of roles that refuses nothing, with a declared reason",
        change=both(
            everything_for("clinician"),
            lacks("role-separation"),
            needs("role-separation"),
            at_least("test_people_sign_in"),
        ),
        says="the plan asks for test_people_sign_in at least, which is not applicable",
        thorough=True,
    ),
    Hole(
        "a check of the least that does not exist",
        change=at_least("test_poeple_sign_in"),
        says="Did you mean 'test_people_sign_in'?",
        thorough=True,
    ),
)
WAIVED = (
    Hole(
        "a waiver of a rule, and a second finding of another one",
        change=both(waive('rule = "TOY-1"'), documents_find("TOY-1 a", "TOY-2 a")),
        item="documents",
        outcome="failed",
    ),
    Hole(
        "a waiver of a subject, and a second subject",
        change=both(
            waive('check = "test_a_document_is_filed"\nsubject = "a"'),
            documents_find("TOY-1 a", "TOY-1 b"),
        ),
        item="documents",
        outcome="failed",
        thorough=True,
    ),
    Hole(
        "a waiver of a rule, and an assertion that is no finding",
        change=both(waive('rule = "TOY-1"'), documents_fail),
        item="documents",
        outcome="failed",
        thorough=True,
    ),
    Hole(
        "a waiver of a check that is never waived",
        change=both(
            waive('check = "test_people_sign_in"'),
            swap("    recorder", "    assert False\n    recorder"),
        ),
        outcome="failed",
        thorough=True,
    ),
    Hole(
        "a waiver of an item whose check found lost data",
        change=both(waive('item = "documents"'), documents_find("TOY-1 a", waivable=False)),
        says="no waiver covers access control and lost data",
        item="documents",
        outcome="failed",
    ),
    Hole(
        "a waiver of a rule about lost data",
        change=both(waive('rule = "TOY-1"'), documents_find("TOY-1 a", waivable=False)),
        item="documents",
        outcome="failed",
        thorough=True,
    ),
    Hole(
        "a waiver for a year",
        change=both(waive('item = "documents"', lasts=timedelta(days=365)), documents_fail),
        item="documents",
        outcome="failed",
    ),
    Hole(
        "a waiver for a misspelt target",
        change=both(waive('item = "documents"', target="toi"), documents_fail),
        item="documents",
        outcome="failed",
        thorough=True,
    ),
)
HOLES = (*DECLARED, *WAIVED)
