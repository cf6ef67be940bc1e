"""Checks of certificates and TLS."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.tls.assessments import TlsAssessments

pytestmark = pytest.mark.plan("tls-certificates")


def test_certificates_lead_to_a_trusted_authority(tls: TlsAssessments) -> None:
    """Every endpoint answers and sends a chain that leads to a trusted authority.

    A browser that does not trust it shows a warning, and nobody gets to work.
    """
    assert_passed(tls.assess_chains())


def test_certificates_are_for_the_name(tls: TlsAssessments) -> None:
    """Every certificate is for the name of its endpoint.

    Browsers refuse a certificate for another name.
    """
    assert_passed(tls.assess_names())


def test_no_certificate_is_about_to_expire(tls: TlsAssessments) -> None:
    """Every certificate that is sent is valid for long enough.

    One that expires in the week after the cutover stops the hospital then. Intermediate
    certificates count.
    """
    assert_passed(tls.assess_days_left())


def test_old_protocols_are_refused(tls: TlsAssessments) -> None:
    """SSL 3.0, TLS 1.0 and TLS 1.1 are refused.

    An attacker can make both sides fall back to a broken protocol. Each is really offered.
    """
    assert_passed(tls.assess_protocols())


def test_weak_ciphers_are_refused(tls: TlsAssessments) -> None:
    """Cipher suites without real protection are refused.

    Without encryption or authentication, with export keys, RC4 or DES anybody can read along. Each
    is really offered.
    """
    assert_passed(tls.assess_ciphers())


def test_plain_http_leads_to_https(tls: TlsAssessments) -> None:
    """Plain HTTP leads to https.

    Few people type https. Whoever comes without it must be redirected.
    """
    assert_passed(tls.assess_redirects())


def test_browsers_are_told_to_stay_with_https(tls: TlsAssessments) -> None:
    """Strict-Transport-Security holds for long enough.

    On a foreign network the first request in plain HTTP can be intercepted.
    """
    assert_passed(tls.assess_hsts())
