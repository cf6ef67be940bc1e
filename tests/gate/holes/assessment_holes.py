"""Holes of assessments, as the checks of a database ask for them: nothing seen, or not to its end."""

from __future__ import annotations

from tests.gate.holes.catalogue import Change, Hole, body

START = (
    "from cutover_gates.core.evidence.assessment import AssessmentBuilder, assessment_recorder",
    "from cutover_gates.hospital.matchers.expectations import assert_passed",
    "from cutover_gates.probes.database.rows import rules",
    "builder, record = AssessmentBuilder(), assessment_recorder(recorder)",
)


def assess(*lines: str) -> Change:
    """The sign-in check with an assessment of a database."""
    return body(*START, *lines)


FINDING = "builder.add_finding(rules.ROW_COUNT, 'visits', expected='9 rows', actual='7 rows')"
GAP = "builder.add_gap(rules.ROWS_READABLE, 'visits', 'the table is locked')"
RECORD = "record(builder.build('rows'))"
END = "record(builder.build('rows')); assert_passed(builder.build('rows'))"
HOLES = (
    Hole("an assessment of no table", change=assess(END), says="nothing to check"),
    Hole(
        "a table that could not be read beside one that is whole",
        change=assess("builder.checked.append('patients')", GAP, END),
        says="the table is locked",
        thorough=True,
    ),
    Hole(
        "lost rows beside a table that could not be read",
        change=assess(GAP, FINDING, END),
        outcome="failed",
        says="7 rows",
        thorough=True,
    ),
    Hole(
        "a check that forgets what its assessment found",
        change=assess("builder.checked.append('patients')", FINDING, RECORD),
        says="it passed although its assessment",
    ),
    Hole(
        "a check that asserts the last of two tables only",
        change=assess(
            "builder.checked.append('patients')",
            FINDING,
            RECORD,
            "builder.findings.clear(); builder.checked[:] = ['visits']",
            END,
        ),
        says="it passed although its assessment",
        thorough=True,
    ),
    Hole(
        "a check that forgets what its assessment could not read",
        change=assess("builder.checked.append('patients')", GAP, RECORD),
        says="it passed although its assessment",
        thorough=True,
    ),
)
