"""Faults of certificates, and of how they are used."""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from warnings import catch_warnings

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

    says, days = "certificate has expired", -1


class TheCertificateExpiredAndDaysAreCounted(_OtherPaper):
    """The same, found by who counts the days."""

    check = "test_no_certificate_is_about_to_expire"
    says, days = "expired at", -1


class NobodySignedTheCertificate(_OtherPaper):
    """Nurses learn to click warnings away, and will do so when a stranger sits on the line."""

    says = "self-signed certificate"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return None


class AStrangerSignedTheCertificate(_OtherPaper):
    """It was made by the test authority, which no machine of the hospital trusts."""

    says = "ca_file does not name the authority"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return IssuedCertificate("Stranger", authority=True)


class TheIntermediateIsMissing(_OtherPaper):
    """The browsers of the office have it from elsewhere, the scanners on the wards have not: they
    stop sending.
    """

    says = "an intermediate certificate is missing"

    def signer(self, root: IssuedCertificate) -> IssuedCertificate | None:
        return IssuedCertificate("Between", root, authority=True)


class TheCertificateIsForAnotherHost(_OtherPaper):
    """It was copied from the old system, and nobody gets in by the new name."""

    check = "test_certificates_are_for_the_name"
    says, name = "for another name", "old.hospital.example"


class TheCertificateEndsNextWeek(_OtherPaper):
    """The cutover is a success, and eight days later the hospital stands still."""

    check = "test_no_certificate_is_about_to_expire"
    says, days = "and 30 is the least", 8


class TheIntermediateEndsNextWeek(_OfTheFront):
    """The certificate itself is good for a year; the one between it and the authority is not."""

    check, says = "test_no_certificate_is_about_to_expire", "the certificate of CN=Between expires"

    def front(self, folder: Path) -> Front:
        root = IssuedCertificate("Root", authority=True)
        between = IssuedCertificate("Between", root, days=8, authority=True)
        return Front(IssuedCertificate(NAME, between).served(folder, between), root)


class TheOtherAddressHasTheOldCertificate(_OfTheFront):
    """The name has two addresses, and only one of the two fronts was renewed: every second browser
    shows a warning.
    """

    check, says = (
        "test_certificates_lead_to_a_trusted_authority",
        f" at {SECOND}: its certificate is refused: certificate has expired",
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

    check, says = "test_old_protocols_are_refused", "speaks TLS 1.0"
    ciphers, version = "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1


class Tls11IsSpoken(_Speaks):
    """The same, one version later."""

    check, says = "test_old_protocols_are_refused", "speaks TLS 1.1"
    ciphers, version = "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1


class NothingIsEncrypted(_Speaks):
    """Diagnoses go over the line in plain text, under a lock that looks shut."""

    check, says, ciphers = (
        "test_weak_ciphers_are_refused",
        "(no encryption)",
        "ALL:eNULL:@SECLEVEL=0",
    )


class AnybodyMayBeTheHospital(_Speaks):
    """Without authentication anybody on the line is the hospital, and is told the passwords."""

    check, says, ciphers = "test_weak_ciphers_are_refused", "(no authentication)", "ALL:@SECLEVEL=0"


class PlainHttpShowsTheHospital(_Without):
    """Who writes the name without https signs in without encryption."""

    check, says, lacks = (
        "test_plain_http_leads_to_https",
        "answers 200, and not with a way to https",
        {"redirects": False},
    )


class BrowsersAreNotToldToStay(_Without):
    """On a stranger's network the first request is plain, and is caught."""

    check, says, lacks = (
        "test_browsers_are_told_to_stay_with_https",
        "Strict-Transport-Security is ''",
        {"hsts": None},
    )


class BrowsersForgetWithinADay(_Without):
    """They were told, and forget it over the weekend."""

    check, says, lacks = (
        "test_browsers_are_told_to_stay_with_https",
        "max-age=15552000 is the least",
        {"hsts": "max-age=86400"},
    )


class NobodyListensForHttps(_Without):
    """The new front was not started: nobody gets in."""

    check, says, lacks = (
        "test_certificates_lead_to_a_trusted_authority",
        "nobody gets in here: Connection refused",
        {"answers": False},
    )


class HttpIsSpokenWhereHttpsShouldBe(_Without):
    """The port is right and the certificate was not loaded: browsers show an error."""

    check, says, lacks = (
        "test_certificates_lead_to_a_trusted_authority",
        "no connection by TLS comes about",
        {"context": None},
    )
