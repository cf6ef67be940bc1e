"""Names lead to the declared addresses, whoever is asked, and nobody keeps an old answer for long."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.dns.assessments import DnsAssessments

pytestmark = pytest.mark.plan("dns-records")


def test_names_lead_to_the_declared_addresses(dns: DnsAssessments) -> None:
    """One resolver that was forgotten leads a ward to the old system.

    Each of them gives exactly the declared addresses.
    """
    assert_passed(dns.assess_addresses())


def test_all_resolvers_say_the_same(dns: DnsAssessments) -> None:
    """Two answers mean two hospitals. All resolvers give the same one."""
    assert_passed(dns.assess_agreement())


def test_answers_are_not_kept_for_long(dns: DnsAssessments) -> None:
    """What is kept for a day leads to the old address for a day.

    The time to live is short enough for the cutover, and for a rollback.
    """
    assert_passed(dns.assess_times_to_live())
