"""Slips are found in the source, and honest code is left alone."""

from __future__ import annotations

import ast
import textwrap

import pytest

from cutover_gates.plugin.check_slips import find_empty_assertions, find_slips
from cutover_gates.plugin.source_functions import FunctionNode

SLIPS = {
    "a tuple": "assert (a == 1, 'text')",
    "a list": "assert [a == 1]",
    "a text": "assert a == 1 or 'text'",
    "a generator": "assert (a == n for n in b)",
    "a lambda": "assert lambda: a == 1",
    "a constant": "assert True",
    "a comparison alone": "a == 1",
    "two comparisons alone": "a == 1 and b == 2",
    "a negation alone": "not a",
    "raises without with": "pytest.raises(ValueError)",
    "a rejection without with": "expect_rejection(Reason.THROTTLED)",
    "a refusal without with": "capabilities.refusal('versions', Reason.STALE)",
    "a rejection of one of two": "with expect_rejection(Reason.NOT_FOUND):\n    a()\n    b()",
    "a refusal of one of two": "with capabilities.refusal('versions') as c:\n    a()\n    b()",
    "a refusal without a name": "with capabilities.refusal('versions'):\n    a()",
    "a bare except": "try:\n    assert a\nexcept:\n    pass",
    "an except that prints": "try:\n    assert a\nexcept Exception as error:\n    print(error)",
    "an except of several": "try:\n    assert a\nexcept (ValueError, AssertionError):\n    pass",
    "suppress": "with contextlib.suppress(Exception):\n    assert a",
    "a yield": "yield a",
}
HONEST = {
    "a comparison that is asserted": "assert a == 1, 'text'",
    "an empty tuple": "assert ()",
    "a list that may be empty": "assert [*a]",
    "raises with its function": "pytest.raises(ValueError, int, 'a')",
    "a rejection of one": "with expect_rejection(Reason.NOT_FOUND):\n    a()",
    "raises with with": "with pytest.raises(ValueError):\n    int('a')",
    "a try of another exception": "try:\n    assert a\nexcept ValueError:\n    pass",
    "a try that raises again": "try:\n    assert a\nexcept AssertionError:\n    raise",
    "a try that keeps it": "try:\n    assert a\nexcept AssertionError as error:\n    seen.append(error)",
    "a loop that tries again": "while b:\n    try:\n        c = a()\n    except Exception:\n        pass",
    "a generator of its own": "def numbers():\n    yield 1\nassert list(numbers())",
}


def slips_of(body: str) -> list[str]:
    function = ast.parse(f"def test_it(a):\n{textwrap.indent(body, '    ')}\n").body[0]
    assert isinstance(function, FunctionNode)
    return list(find_slips(function))


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_found(name: str) -> None:
    assert len(slips_of(SLIPS[name])) == 1


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_is_left_alone(name: str) -> None:
    assert slips_of(HONEST[name]) == []


def test_an_empty_assertion_is_found_in_any_function() -> None:
    """Also in a helper, and with its line."""
    tree = ast.parse("def helper(a):\n    assert (a, 'text')\n    a == 1\n")
    (found,) = find_empty_assertions(tree)
    assert found.startswith("line 2: ")
