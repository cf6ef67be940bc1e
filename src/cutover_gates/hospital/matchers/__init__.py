"""Matchers: the expectations of a check. A matcher that fails raises structured findings.

Checks import from this package directly.
"""

from cutover_gates.hospital.matchers.account_trail import AccountTrail
from cutover_gates.hospital.matchers.answer_checks import (
    SECURITY_HEADERS,
    find_auth_problem,
    find_changed_fields,
    find_distinguishing_fields,
    find_document_mismatch,
    find_failure,
    find_leaked_internals,
    find_missing_security_headers,
    find_refusal,
)
from cutover_gates.hospital.matchers.audit_trail import AuditTrail
from cutover_gates.hospital.matchers.capability_checks import RoleSession, TargetCapabilities
from cutover_gates.hospital.matchers.comparisons import (
    assert_equal,
    assert_row_matches,
    assert_same,
    assert_same_bytes,
    assert_times,
    assert_times_kept,
    exactly_one,
)
from cutover_gates.hospital.matchers.expectations import (
    ExpectedRejection,
    act_concurrently,
    assert_becomes,
    assert_no_findings,
    assert_passed,
    expect_rejection,
)
from cutover_gates.hospital.matchers.instance_reads import InstanceReads, ReleaseHeaders
from cutover_gates.hospital.matchers.list_delay import ListDelay
from cutover_gates.hospital.matchers.permissions import expect_permission
from cutover_gates.hospital.matchers.read_back import ReadBack

__all__ = [
    "SECURITY_HEADERS",
    "AccountTrail",
    "AuditTrail",
    "ExpectedRejection",
    "InstanceReads",
    "ListDelay",
    "ReadBack",
    "ReleaseHeaders",
    "RoleSession",
    "TargetCapabilities",
    "act_concurrently",
    "assert_becomes",
    "assert_equal",
    "assert_no_findings",
    "assert_passed",
    "assert_row_matches",
    "assert_same",
    "assert_same_bytes",
    "assert_times",
    "assert_times_kept",
    "exactly_one",
    "expect_permission",
    "expect_rejection",
    "find_auth_problem",
    "find_changed_fields",
    "find_distinguishing_fields",
    "find_document_mismatch",
    "find_failure",
    "find_leaked_internals",
    "find_missing_security_headers",
    "find_refusal",
]
