"""Certificates are trusted, right and lasting, and nothing weaker is spoken beside them."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.tls.assessments import TlsAssessments

pytestmark = pytest.mark.plan("tls-certificates")


def test_certificates_lead_to_a_trusted_authority(tls: TlsAssessments) -> None:
    """A browser that does not trust shows a warning, and nobody gets to work.

    Every endpoint answers, and sends a whole chain that is trusted.
    """
    assert_passed(tls.assess_chains())


def test_certificates_are_for_the_name(tls: TlsAssessments) -> None:
    """A certificate for another name is none. It matches the name by which people come."""
    assert_passed(tls.assess_names())


def test_no_certificate_is_about_to_expire(tls: TlsAssessments) -> None:
    """One that expires in the week after the cutover stops the hospital then.

    All that are sent are valid for long enough.
    """
    assert_passed(tls.assess_days_left())


def test_old_protocols_are_refused(tls: TlsAssessments) -> None:
    """What can be broken is offered to attackers, too.

    SSL 3.0, TLS 1.0 and TLS 1.1 are really offered, and refused.
    """
    assert_passed(tls.assess_protocols())


def test_weak_ciphers_are_refused(tls: TlsAssessments) -> None:
    """Without encryption, with export keys, RC4, DES or without authentication anybody can read
    along. Each is really offered, and refused.
    """
    assert_passed(tls.assess_ciphers())


def test_plain_http_leads_to_https(tls: TlsAssessments) -> None:
    """Nobody writes https by hand. Who comes without it is sent there."""
    assert_passed(tls.assess_redirects())


def test_browsers_are_told_to_stay_with_https(tls: TlsAssessments) -> None:
    """On a stranger's network the first plain request is the one that is caught.

    Strict-Transport-Security holds for long enough.
    """
    assert_passed(tls.assess_hsts())
