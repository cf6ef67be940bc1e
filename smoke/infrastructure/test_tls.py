"""Certificates are trusted, right and lasting, and nothing weaker is spoken beside them."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.network import Tls

pytestmark = pytest.mark.plan("tls-certificates")


def test_certificates_lead_to_a_trusted_authority(tls: Tls) -> None:
    """A browser that does not trust shows a warning, and nobody gets to work.

    Every endpoint answers, and sends a whole chain that is trusted.
    """
    sound(tls.chains())


def test_certificates_are_for_the_name(tls: Tls) -> None:
    """A certificate for another name is none. It matches the name by which people come."""
    sound(tls.names())


def test_no_certificate_is_about_to_expire(tls: Tls) -> None:
    """One that expires in the week after the cutover stops the hospital then.

    All that are sent are valid for long enough.
    """
    sound(tls.days_left())


def test_old_protocols_are_refused(tls: Tls) -> None:
    """What can be broken is offered to attackers, too.

    SSL 3.0, TLS 1.0 and TLS 1.1 are really offered, and refused.
    """
    sound(tls.protocols())


def test_weak_ciphers_are_refused(tls: Tls) -> None:
    """Without encryption, with export keys, RC4, DES or without authentication anybody can read
    along. Each is really offered, and refused.
    """
    sound(tls.ciphers())


def test_plain_http_leads_to_https(tls: Tls) -> None:
    """Nobody writes https by hand. Who comes without it is sent there."""
    sound(tls.redirects())


def test_browsers_are_told_to_stay_with_https(tls: Tls) -> None:
    """On a stranger's network the first plain request is the one that is caught.

    Strict-Transport-Security holds for long enough.
    """
    sound(tls.hsts())
