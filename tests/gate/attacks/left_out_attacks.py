"""Attacks on what is left out: something is found, and a declared fact or a decision hides it."""

from __future__ import annotations

from tests.gate.holes.catalogue import RERUN_ONCE, SWALLOW, Change, Hole, both, documents_fail, file
from tests.gate.holes.left_out_holes import DOCUMENTS, absent, lacks, waive
from tests.gate.holes.toy_project import Toy

ABSENT = absent("documents")
WAIVED = waive('item = "documents"')
WAIVED_UNPROVEN = waive('item = "documents"\ncovers = "not proven"')
LOST = (
    "from cutover_gates.core.findings import Finding, FindingsError, Rule",
    "lost = FindingsError(Finding(Rule('TOY-1', 'T', waivable=False), 'lost', 'x', 'y'))",
)
HIDE = (
    "from cutover_gates.core.findings import NotProven",
    "from cutover_gates.hospital import Unsupported",
)
FOUND = "found something"
NEVER = "no waiver covers access control and lost data"


def does(*lines: str) -> Change:
    """Lines before the body of the documents' check."""
    text = "".join(f"    {line}\n" for line in lines)
    return lambda toy: toy.replace(DOCUMENTS, "    recorder", f"{text}    recorder")


def fixture(*lines: str) -> Change:
    """The documents' check wants a fixture with this body."""

    def change(toy: Toy) -> None:
        text = "".join(f"    {line}\n" for line in lines)
        toy.replace(DOCUMENTS, "(recorder)", "(recorder, made)")
        toy.replace(
            DOCUMENTS, "import pytest", f"import pytest\n@pytest.fixture\ndef made():\n{text}"
        )

    return change


def mark(text: str) -> Change:
    """A mark on the documents' check."""
    return lambda toy: toy.replace(
        DOCUMENTS, "def test_a_doc", f"@pytest.mark.{text}\ndef test_a_doc"
    )


def hides(error: str, *first: str) -> tuple[str, ...]:
    """Lines that find something and then raise another exception."""
    found = first or ("assert False, 'found'",)
    return (
        *HIDE,
        "try:",
        *(f"    {line}" for line in found),
        "except AssertionError as found:",
        error,
    )


def on_documents(name: str, change: Change, outcome: str, says: str, **other: object) -> Hole:
    """An attack on the item of the documents."""
    return Hole(
        name,
        change=change,
        item="documents",
        outcome=outcome,
        says=says,
        **{"thorough": True, **other},  # type: ignore[arg-type]  # the fields of a hole have several types
    )


FACTS = tuple(
    on_documents(f"declared absent: {name}", both(ABSENT, *changes), "failed", FOUND, **other)
    for name, changes, other in (
        ("a fixture found it", [fixture("assert False, 'found'")], {"thorough": False}),
        ("a fixture found it at the end", [fixture("yield", "assert False, 'found'")], {}),
        ("a fixture found a breach", [fixture(*LOST, "raise lost")], {}),
        ("a retry passed", [does(*RERUN_ONCE)], {"words": ("--reruns", "1")}),
        ("an xfail mark", [mark("xfail"), documents_fail], {}),
        ("a group of exceptions", [does("raise ExceptionGroup('g', [AssertionError('x')])")], {}),
        (
            "a skip in finally",
            [does("try:", "    assert 0", "finally:", "    pytest.skip('x')")],
            {},
        ),
        ("not proven behind it", [does(*hides("    raise NotProven('x') from found"))], {}),
        ("unsupported behind it", [does(*hides("    raise Unsupported('upload', 'x')"))], {}),
        ("a hook that swallows", [documents_fail, file("smoke/conftest.py", SWALLOW)], {}),
        ("a broken check behind it", [does(*hides("    {}['x']"))], {}),
    )
)
CAPABILITIES = (
    on_documents(
        "a capability is declared absent, and the check found something first",
        both(lacks("upload"), does(*hides("    raise Unsupported('upload', 'none')"))),
        "failed",
        "before it reported upload as unsupported",
        thorough=False,
    ),
)
UNPROVEN = tuple(
    on_documents(
        f"waived for what is not proven: {name}",
        both(WAIVED_UNPROVEN, *changes),
        "not proven",
        says,
        **other,
    )
    for name, changes, says, other in (
        ("an xfail mark", [mark("xfail"), documents_fail], "xfail", {"thorough": False}),
        ("a retry passed", [does(*RERUN_ONCE)], "retry", {"words": ("--reruns", "1")}),
        ("behind not proven", [does(*hides("    raise NotProven('x')"))], "found", {}),
        ("behind a skip", [does(*hides("    pytest.skip('x')"))], "found", {}),
        (
            "a hook that swallows",
            [documents_fail, file("smoke/conftest.py", SWALLOW)],
            "turned that into a pass",
            {},
        ),
    )
)
NARROW = (
    on_documents(
        "a check is waived for what is not proven, and an xfail mark hides a failure",
        both(
            waive('check = "test_a_document_is_filed"\ncovers = "not proven"'),
            mark("xfail"),
            documents_fail,
        ),
        "not proven",
        "xfail",
    ),
)
THREAD = (
    *LOST,
    "import threading",
    "def work():",
    "    raise lost",
    "thread = threading.Thread(target=work)",
    "thread.start()",
    "thread.join()",
)
LOST_DATA = tuple(
    on_documents(f"lost data is waived: {name}", both(WAIVED, *changes), outcome, NEVER, **other)
    for name, changes, outcome, other in (
        (
            "in a group",
            [does(*LOST, "raise ExceptionGroup('g', [lost])")],
            "failed",
            {"thorough": False},
        ),
        ("behind an assertion", [does(*LOST, *hides("    assert 0", "raise lost"))], "failed", {}),
        (
            "behind a skip",
            [does(*LOST, *hides("    pytest.skip('x')", "raise lost"))],
            "not proven",
            {},
        ),
        ("in a thread", [does(*THREAD)], "failed", {}),
        ("behind a broken check", [does(*LOST, *hides("    {}['x']", "raise lost"))], "failed", {}),
        ("in a fixture", [fixture(*LOST, "raise lost")], "error", {}),
        ("with an xfail mark", [mark("xfail"), does(*LOST, "raise lost")], "not proven", {}),
    )
)
HOLES = (*FACTS, *CAPABILITIES, *UNPROVEN, *NARROW, *LOST_DATA)
