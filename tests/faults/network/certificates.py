"""Faults of certificates, and of the use of TLS."""

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
    """A front end with one fault."""

    item, checks = "tls-certificates", "test_tls"

    def way(self, folder: Path) -> AbstractContextManager[TlsAssessments]:
        return running_front(self.front(folder), folder)

    def front(self, folder: Path) -> Front:
        raise NotImplementedError


class _OtherCertificate(_OfTheFront):
    """A front end with another certificate: its `name`, its `days`, and who signs it."""

    check = "test_certificates_lead_to_a_trusted_authority"
    name: ClassVar[str] = NAME
    days: ClassVar[float] = VALID

    def front(self, folder: Path) -> Front:
        root = IssuedCertificate("Root", authority=True)
        return Front(
            IssuedCertificate(self.name, self.signer(root), self.days).served(folder), root
        )

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        """Return who signs it, where `root` is trusted; None for a self-signed one."""
        return root


class _Without(_OfTheFront):
    """A front end that differs in the fields of `lacks`."""

    lacks: ClassVar[dict[str, Any]]

    def front(self, folder: Path) -> Front:
        return replace(valid_front(folder), **self.lacks)


class _Speaks(_OfTheFront):
    """A front end that accepts these `ciphers` (OpenSSL), from `version` on."""

    ciphers: ClassVar[str]
    version: ClassVar[ssl.TLSVersion] = ssl.TLSVersion.TLSv1_2

    def front(self, folder: Path) -> Front:
        front = valid_front(folder)
        assert front.context
        front.context.set_ciphers(self.ciphers)
        with catch_warnings(action="ignore"):  # that it is old is the fault
            front.context.minimum_version = self.version
        return front


class TheCertificateExpired(_OtherCertificate):
    """Every browser of the hospital shows a warning."""

    breaks = (rules.CHAIN_TRUSTED,)
    shows, days = "certificate has expired", -1


class TheCertificateExpiredAndDaysAreCounted(_OtherCertificate):
    """The same, found by the days that are left."""

    breaks = (rules.VALID_LONG_ENOUGH,)
    check = "test_no_certificate_is_about_to_expire"
    shows, days = "expired at", -1


class NobodySignedTheCertificate(_OtherCertificate):
    """Users learn to ignore warnings, and then also ignore that of an attack."""

    breaks = (rules.CHAIN_TRUSTED,)
    shows = "self-signed certificate"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return None


class AStrangerSignedTheCertificate(_OtherCertificate):
    """The test authority signed it, which no machine of the hospital trusts."""

    breaks = (rules.CHAIN_TRUSTED,)
    shows = "signed by CN=Stranger"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return IssuedCertificate("Stranger", authority=True)


class TheIntermediateIsMissing(_OtherCertificate):
    """Browsers have the intermediate certificate from elsewhere; the scanners on the wards fail."""

    breaks = (rules.CHAIN_TRUSTED,)
    shows = "1 sent, the last one signed by CN=Between"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return IssuedCertificate("Between", root, authority=True)


class TheCertificateIsForAnotherHost(_OtherCertificate):
    """It was copied from the old system, and browsers refuse the new name."""

    breaks = (rules.NAME_MATCHES,)
    check = "test_certificates_are_for_the_name"
    shows, name = "Hostname mismatch", "old.hospital.example"


class TheCertificateEndsNextWeek(_OtherCertificate):
    """The cutover succeeds, and eight days later the hospital stops."""

    breaks = (rules.VALID_LONG_ENOUGH,)
    check = "test_no_certificate_is_about_to_expire"
    shows, days = "in 8.0 days", 8


class TheIntermediateEndsNextWeek(_OfTheFront):
    """The server's own certificate is valid for a year, the intermediate one is not."""

    breaks = (rules.VALID_LONG_ENOUGH,)
    check, shows = (
        "test_no_certificate_is_about_to_expire",
        "CN=Between | valid for 30 days or more | expires at",
    )

    def front(self, folder: Path) -> Front:
        root = IssuedCertificate("Root", authority=True)
        between = IssuedCertificate("Between", root, days=8, authority=True)
        return Front(IssuedCertificate(NAME, between).served(folder, between), root)


class TheOtherAddressHasTheOldCertificate(_OfTheFront):
    """One of the two addresses was not renewed: every second browser warns."""

    breaks = (rules.CHAIN_TRUSTED,)
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
    """An attacker on the line makes both sides fall back to a broken protocol."""

    breaks = (rules.OLD_PROTOCOLS_REFUSED,)
    check, shows = "test_old_protocols_are_refused", "accepted: TLS 1.0"
    ciphers, version = "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1


class Tls11IsSpoken(_Speaks):
    """The same, one version later."""

    breaks = (rules.OLD_PROTOCOLS_REFUSED,)
    check, shows = "test_old_protocols_are_refused", "accepted: TLS 1.1"
    ciphers, version = "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1


class NothingIsEncrypted(_Speaks):
    """Diagnoses are sent in plain text, although browsers show a lock."""

    breaks = (rules.WEAK_CIPHERS_REFUSED,)
    check, shows, ciphers = (
        "test_weak_ciphers_are_refused",
        ", no encryption | refused | accepted",
        "ALL:eNULL:@SECLEVEL=0",
    )


class AnybodyMayBeTheHospital(_Speaks):
    """Without authentication anybody on the line can pretend to be the hospital."""

    breaks = (rules.WEAK_CIPHERS_REFUSED,)
    check, shows, ciphers = (
        "test_weak_ciphers_are_refused",
        ", no authentication | refused | accepted",
        "ALL:@SECLEVEL=0",
    )


class PlainHttpShowsTheHospital(_Without):
    """Whoever types the name without https signs in without encryption."""

    breaks = (rules.PLAIN_HTTP_REDIRECTS,)
    check, shows, lacks = (
        "test_plain_http_leads_to_https",
        "a redirect to https | status 200",
        {"redirects": False},
    )


class BrowsersAreNotToldToStay(_Without):
    """On a foreign network the first request is in plain HTTP, and can be intercepted."""

    breaks = (rules.HSTS_LONG_ENOUGH,)
    check, shows, lacks = (
        "test_browsers_are_told_to_stay_with_https",
        "no such header",
        {"hsts": None},
    )


class BrowsersForgetWithinADay(_Without):
    """The time is so short that browsers forget it over a weekend."""

    breaks = (rules.HSTS_LONG_ENOUGH,)
    check, shows, lacks = (
        "test_browsers_are_told_to_stay_with_https",
        "max-age=15552000 or more | max-age=86400",
        {"hsts": "max-age=86400"},
    )


class NobodyListensForHttps(_Without):
    """The new front end was not started: nobody reaches the hospital."""

    breaks = (rules.ENDPOINT_ANSWERS,)
    check, shows, lacks = (
        "test_certificates_lead_to_a_trusted_authority",
        "| Connection refused",
        {"answers": False},
    )


class HttpIsSpokenWhereHttpsShouldBe(_Without):
    """The certificate was not loaded: browsers show an error."""

    breaks = (rules.ENDPOINT_ANSWERS,)
    check, shows, lacks = (
        "test_certificates_lead_to_a_trusted_authority",
        "no TLS connection",
        {"context": None},
    )
