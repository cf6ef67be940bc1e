"""Holes that a hostile or broken target opens: what it answers, and where that may reach."""

from __future__ import annotations

from collections.abc import Sequence

from tests.gate.holes.catalogue import SIGN_IN, Change, Hole
from tests.gate.holes.toy_project import CONFTEST, Toy

MEMORY = 1 << 30
"""Bytes of address space that a run on a hostile target may have."""
ASK = """
import pytest
pytestmark = pytest.mark.plan("sign-in")

def test_people_sign_in(hospital):
    assert hospital.release() == "1.0"
"""


def answers(name: str) -> Change:
    """The target answers with one of `tests.standins.hostile_answers`, and memory is short."""

    def change(toy: Toy) -> None:
        place = f"{toy.url}/hostile/{name.replace(' ', '-')}"
        toy.replace("cutover.toml", f'url = "{toy.url}"', f'url = "{place}"')
        toy.write(SIGN_IN, ASK)
        limit = f"import resource\nresource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
        toy.write("conftest.py", limit + CONFTEST)

    return change


def _hole(name: str, says: str, *, thorough: bool = False) -> Hole:
    return Hole(
        f"hostile target: {name}",
        change=answers(name),
        outcome="failed",
        says=says,
        thorough=thorough,
    )


HOLES: Sequence[Hole] = (
    _hole("lists", "nested 200000 levels deep"),
    _hole("a release behind a maze", "nested 501 levels deep"),
    _hole("a location that is none", "HTTP 302"),
    _hole("gzip", "more than 16777216 bytes after gzip is decoded", thorough=True),
    _hole("chunks without an end", "more than 16777216 bytes", thorough=True),
    _hole("gzip in gzip", "after gzip is decoded", thorough=True),
    _hole("raw deflate", "after deflate is decoded", thorough=True),
    _hole("empty lists", "more than 500000 values", thorough=True),
    _hole("a name twice", "stands twice", thorough=True),
    _hole("long number", "1000000 digits", thorough=True),
    _hole("a lone surrogate", "surrogate", thorough=True),
    Hole(
        # The release cannot be asked at all, so the target counts as silent.
        "hostile target: headers without an end",
        change=answers("headers without an end"),
        thorough=True,
    ),
    _hole("an error maze", "nested 60000 levels", thorough=True),
)
