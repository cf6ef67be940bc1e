"""What a check expects, said so that a failure explains itself.

Knows the language of `cutover_gates.hospital` and what an examination is.
"""

from cutover_gates.hospital.matchers.answer_checks import (
    find_auth_problem,
    find_changed_fields,
    find_distinguishing_fields,
    find_document_mismatch,
    find_leaked_internals,
    find_missing_security_headers,
)
from cutover_gates.hospital.matchers.expectations import (
    ExpectedRejection,
    act_concurrently,
    assert_passed,
    assert_row_matches,
    assert_same,
    assert_same_bytes,
    exactly_one,
    expect_rejection,
)

__all__ = [
    "ExpectedRejection",
    "act_concurrently",
    "assert_passed",
    "assert_row_matches",
    "assert_same",
    "assert_same_bytes",
    "exactly_one",
    "expect_rejection",
    "find_auth_problem",
    "find_changed_fields",
    "find_distinguishing_fields",
    "find_document_mismatch",
    "find_leaked_internals",
    "find_missing_security_headers",
]
