"""Faults of certificates, and of how they are used."""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from warnings import catch_warnings

from cutover_gates.probes.network.tls import rules
from cutover_gates.probes.network.tls.assessments import TlsAssessments
from tests.faults.network.certificate_factory import NAME, VALID, IssuedCertificate
from tests.faults.network.network_fault import NetworkFault
from tests.faults.network.tls_fronts import SECOND, Front, running_front, valid_front


class _OfTheFront(NetworkFault):
    """A front that is whole but for one thing."""

    item, checks = "tls-certificates", "test_tls"

    def way(self, folder: Path) -> AbstractContextManager[TlsAssessments]:
        return running_front(self.front(folder), folder)

    def front(self, folder: Path) -> Front:
        raise NotImplementedError


class _OtherPaper(_OfTheFront):
    """Another certificate than the right one: for this `name`, for so many `days`, and signed by
    whom `signer` gives.
    """

    check = "test_certificates_lead_to_a_trusted_authority"
    name: ClassVar[str] = NAME
    days: ClassVar[float] = VALID

    def front(self, folder: Path) -> Front:
        root = IssuedCertificate("Root", authority=True)
        return Front(
            IssuedCertificate(self.name, self.signer(root), self.days).served(folder), root
        )

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        """Who signs it, where `root` is trusted; None: it signs itself."""
        return root


class _Without(_OfTheFront):
    """A front that lacks `lacks`, or has another."""

    lacks: ClassVar[dict[str, Any]]

    def front(self, folder: Path) -> Front:
        return replace(valid_front(folder), **self.lacks)


class _Speaks(_OfTheFront):
    """A front that speaks more than it should: `ciphers` as OpenSSL writes them, from `version` on."""

    ciphers: ClassVar[str]
    version: ClassVar[ssl.TLSVersion] = ssl.TLSVersion.TLSv1_2

    def front(self, folder: Path) -> Front:
        front = valid_front(folder)
        assert front.context
        front.context.set_ciphers(self.ciphers)
        with catch_warnings(action="ignore"):  # that it is old is the fault
            front.context.minimum_version = self.version
        return front


class TheCertificateExpired(_OtherPaper):
    """Every browser of the hospital shows a warning on Monday morning, and the wards call the help
    desk.
    """

    rule = rules.CHAIN_TRUSTED
    shows, days = "certificate has expired", -1


class TheCertificateExpiredAndDaysAreCounted(_OtherPaper):
    """The same, found by who counts the days."""

    rule = rules.VALID_LONG_ENOUGH
    check = "test_no_certificate_is_about_to_expire"
    shows, days = "expired at", -1


class NobodySignedTheCertificate(_OtherPaper):
    """Nurses learn to click warnings away, and will do so when a stranger sits on the line."""

    rule = rules.CHAIN_TRUSTED
    shows = "self-signed certificate"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return None


class AStrangerSignedTheCertificate(_OtherPaper):
    """It was made by the test authority, which no machine of the hospital trusts."""

    rule = rules.CHAIN_TRUSTED
    shows = "signed by CN=Stranger"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return IssuedCertificate("Stranger", authority=True)


class TheIntermediateIsMissing(_OtherPaper):
    """The browsers of the office have it from elsewhere, the scanners on the wards have not: they
    stop sending.
    """

    rule = rules.CHAIN_TRUSTED
    shows = "1 sent, the last one signed by CN=Between"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return IssuedCertificate("Between", root, authority=True)


class TheCertificateIsForAnotherHost(_OtherPaper):
    """It was copied from the old system, and nobody gets in by the new name."""

    rule = rules.NAME_MATCHES
    check = "test_certificates_are_for_the_name"
    shows, name = "Hostname mismatch", "old.hospital.example"


class TheCertificateEndsNextWeek(_OtherPaper):
    """The cutover is a success, and eight days later the hospital stands still."""

    rule = rules.VALID_LONG_ENOUGH
    check = "test_no_certificate_is_about_to_expire"
    shows, days = "in 8.0 days", 8


class TheIntermediateEndsNextWeek(_OfTheFront):
    """The certificate itself is good for a year; the one between it and the authority is not."""

    rule = rules.VALID_LONG_ENOUGH
    check, shows = (
        "test_no_certificate_is_about_to_expire",
        "CN=Between | valid for 30 days or more | expires at",
    )

    def front(self, folder: Path) -> Front:
        root = IssuedCertificate("Root", authority=True)
        between = IssuedCertificate("Between", root, days=8, authority=True)
        return Front(IssuedCertificate(NAME, between).served(folder, between), root)


class TheOtherAddressHasTheOldCertificate(_OfTheFront):
    """The name has two addresses, and only one of the two fronts was renewed: every second browser
    shows a warning.
    """

    rule = rules.CHAIN_TRUSTED
    check, shows = (
        "test_certificates_lead_to_a_trusted_authority",
        f" at {SECOND} | a chain to a trusted authority | certificate has expired",
    )

    def front(self, folder: Path) -> Front:
        root = IssuedCertificate("Root", authority=True)
        return Front(
            IssuedCertificate(NAME, root).served(folder),
            root,
            other=IssuedCertificate(NAME, root, days=-1).served(folder),
        )


class Tls10IsSpoken(_Speaks):
    """Whoever sits on the line makes both sides fall back to what he can break."""

    rule = rules.OLD_PROTOCOLS_REFUSED
    check, shows = "test_old_protocols_are_refused", "accepted: TLS 1.0"
    ciphers, version = "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1


class Tls11IsSpoken(_Speaks):
    """The same, one version later."""

    rule = rules.OLD_PROTOCOLS_REFUSED
    check, shows = "test_old_protocols_are_refused", "accepted: TLS 1.1"
    ciphers, version = "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1


class NothingIsEncrypted(_Speaks):
    """Diagnoses go over the line in plain text, under a lock that looks shut."""

    rule = rules.WEAK_CIPHERS_REFUSED
    check, shows, ciphers = (
        "test_weak_ciphers_are_refused",
        ", no encryption | refused | accepted",
        "ALL:eNULL:@SECLEVEL=0",
    )


class AnybodyMayBeTheHospital(_Speaks):
    """Without authentication anybody on the line is the hospital, and is told the passwords."""

    rule = rules.WEAK_CIPHERS_REFUSED
    check, shows, ciphers = (
        "test_weak_ciphers_are_refused",
        ", no authentication | refused | accepted",
        "ALL:@SECLEVEL=0",
    )


class PlainHttpShowsTheHospital(_Without):
    """Who writes the name without https signs in without encryption."""

    rule = rules.PLAIN_HTTP_REDIRECTS
    check, shows, lacks = (
        "test_plain_http_leads_to_https",
        "a redirect to https | status 200",
        {"redirects": False},
    )


class BrowsersAreNotToldToStay(_Without):
    """On a stranger's network the first request is plain, and is caught."""

    rule = rules.HSTS_LONG_ENOUGH
    check, shows, lacks = (
        "test_browsers_are_told_to_stay_with_https",
        "no such header",
        {"hsts": None},
    )


class BrowsersForgetWithinADay(_Without):
    """They were told, and forget it over the weekend."""

    rule = rules.HSTS_LONG_ENOUGH
    check, shows, lacks = (
        "test_browsers_are_told_to_stay_with_https",
        "max-age=15552000 or more | max-age=86400",
        {"hsts": "max-age=86400"},
    )


class NobodyListensForHttps(_Without):
    """The new front was not started: nobody gets in."""

    rule = rules.ENDPOINT_ANSWERS
    check, shows, lacks = (
        "test_certificates_lead_to_a_trusted_authority",
        "| Connection refused",
        {"answers": False},
    )


class HttpIsSpokenWhereHttpsShouldBe(_Without):
    """The port is right and the certificate was not loaded: browsers show an error."""

    rule = rules.ENDPOINT_ANSWERS
    check, shows, lacks = (
        "test_certificates_lead_to_a_trusted_authority",
        "no TLS connection",
        {"context": None},
    )
