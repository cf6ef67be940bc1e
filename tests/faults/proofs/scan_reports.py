"""Faults of the reports of security scanners."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.config.release_proofs import SecurityScanSettings
from cutover_gates.probes.deployment.deployment_context import DeploymentContext
from cutover_gates.probes.deployment.security_scans import rules
from cutover_gates.probes.deployment.security_scans.assessments import SecurityScanAssessments
from tests.faults.proofs.proof_fault import ProofFault

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
IMAGE = f"registry.example.org/hospital/backend@{DIGEST}"
Report = dict[str, Any]


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def trivy(*problems: Mapping[str, Any]) -> Report:
    """Return a report of Trivy about the image, with these vulnerabilities."""
    return {
        "SchemaVersion": 2,
        "CreatedAt": hours_ago(2),
        "ArtifactName": IMAGE,
        "ArtifactType": "container_image",
        "Metadata": {"OS": {"Family": "debian", "Name": "12.8"}, "RepoDigests": [IMAGE]},
        "Results": [
            {
                "Target": "debian 12.8",
                "Class": "os-pkgs",
                "Type": "debian",
                "Vulnerabilities": list(problems),
            }
        ],
    }


def grype(*matches: Mapping[str, Any]) -> Report:
    """Return a report of Grype about the image, with these matches."""
    return {
        "matches": list(matches),
        "ignoredMatches": [],
        "source": {"type": "image", "target": {"userInput": IMAGE, "repoDigests": [IMAGE]}},
        "distro": {"name": "debian", "version": "12"},
        "descriptor": {
            "name": "grype",
            "timestamp": hours_ago(2),
            "db": {"status": {"built": hours_ago(5), "valid": True}},
        },
    }


def sarif(*results: Mapping[str, Any]) -> Report:
    """Return a SARIF about the image, whose one rule has the score 9.8."""
    rule = {"id": "CVE-2026-1", "properties": {"security-severity": "9.8"}}
    return {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Scanner", "rules": [rule]}},
                "automationDetails": {"id": IMAGE},
                "invocations": [{"executionSuccessful": True, "endTimeUtc": hours_ago(2)}],
                "results": list(results),
            }
        ],
    }


def problem(severity: str = "CRITICAL", **more: Any) -> Report:
    return {
        "VulnerabilityID": "CVE-2026-1",
        "PkgName": "openssl",
        "InstalledVersion": "3.0.1",
        "Severity": severity,
        **more,
    }


def match(severity: str = "Critical", identity: str = "CVE-2026-1", **more: Any) -> Report:
    return {
        "vulnerability": {"id": identity, "severity": severity},
        "artifact": {"name": "openssl", "version": "3.0.1"},
        **more,
    }


def accept(expires: str, **more: str) -> dict[str, Any]:
    fact = {"reason": "never called", "by": "Ada Example", "at": "2026-01-02", "expires": expires}
    return {"CVE-2026-1": {**fact, **more}}


def make_scans(folder: Path, content: object, **asked: Any) -> SecurityScanAssessments:
    """Return the question about one report; a text is written as it is, None is not written."""
    if content is not None:
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "report.json").write_text(text, encoding="utf-8")
    settings = SecurityScanSettings.model_validate({"reports": ["report.json"], **asked})
    cluster = ClusterSettings(digest=DIGEST)
    return SecurityScanAssessments(DeploymentContext("staging"), settings, cluster, folder.joinpath)


class ScanFault(ProofFault):
    """`content` returns the report with the fault in it; `settings` are over the usual ones."""

    item, fixture = "security-scans", "security_scans"
    check = "test_scans_of_the_image_name_no_critical_vulnerability"
    settings: ClassVar[Mapping[str, Any]] = {}

    @staticmethod
    def content() -> object:
        raise NotImplementedError

    @classmethod
    def asked(cls, folder: Path) -> SecurityScanAssessments:
        return make_scans(folder, cls.content(), **cls.settings)


class ACriticalVulnerabilityIsInTheImage(ScanFault):
    """Whoever reaches the sign-in page can read every chart."""

    breaks = (rules.NO_CRITICAL,)
    shows = "CVE-2026-1 in openssl 3.0.1 | no critical vulnerability | critical, in report.json |"

    @staticmethod
    def content() -> object:
        return trivy(problem())


class TheReportIsOfAnotherImage(ScanFault):
    """The image was built anew after the scan."""

    breaks, shows = (rules.SAME_IMAGE,), f"report.json | {DIGEST} | {OTHER} |"

    @staticmethod
    def content() -> object:
        return json.loads(json.dumps(trivy()).replace(DIGEST, OTHER))


class TheReportNamesNoImage(ScanFault):
    """It was made of an image that was never pushed: it may be any."""

    breaks, outcome, shows = (rules.SAME_IMAGE,), "not proven", "it names no digest"

    @staticmethod
    def content() -> object:
        return trivy() | {"ArtifactName": "backend:2.0.0", "Metadata": {}}


class TheFilesWereScannedInPlaceOfTheImage(ScanFault):
    """The packages of the base image were never looked at."""

    breaks, shows = (rules.SAME_IMAGE,), "| a scan of type filesystem |"

    @staticmethod
    def content() -> object:
        return trivy() | {"ArtifactType": "filesystem"}


class TheReportIsOld(ScanFault):
    """What became known since is not in it."""

    breaks, shows = (rules.REPORT_RECENT,), "report.json | at most 72 h ago | 80.0 h ago |"

    @staticmethod
    def content() -> object:
        return trivy() | {"CreatedAt": hours_ago(80)}


class TheListOfVulnerabilitiesIsOld(ScanFault):
    """The scan is of today, with a list of last month."""

    breaks, shows = (rules.REPORT_RECENT,), "report.json, its list | at most 72 h ago | 720.0 h ago"

    @staticmethod
    def content() -> object:
        report = grype()
        report["descriptor"]["db"] = {"built": hours_ago(720)}
        return report


class TheScanIsYetToCome(ScanFault):
    """A report of a wrong clock would never become too old."""

    breaks, shows = (rules.REPORT_RECENT,), "| in the future |"

    @staticmethod
    def content() -> object:
        return trivy() | {"CreatedAt": hours_ago(-2)}


class TheReportWasCutOff(ScanFault):
    """The scanner was killed while it wrote; what it had found is lost."""

    breaks, shows = (rules.REPORT_VALID,), "report.json | a JSON document |"

    @staticmethod
    def content() -> object:
        return json.dumps(trivy(problem()))[:-40]


class TheScannerLeftNoReport(ScanFault):
    """It never ran."""

    breaks, outcome, shows = (rules.REPORT_READABLE,), "not proven", "FileNotFoundError"

    @staticmethod
    def content() -> object:
        return None


class TheReportIsAnotherDocument(ScanFault):
    """An empty list is no report, and has no finding either."""

    breaks, shows = (rules.REPORT_VALID,), "| another document |"

    @staticmethod
    def content() -> object:
        return []


class TrivyFoundNoPackages(ScanFault):
    """It only looked for secrets."""

    breaks, outcome, shows = (rules.REPORT_COMPLETE,), "not proven", "no package was looked at"

    @staticmethod
    def content() -> object:
        return trivy() | {"Results": [{"Target": "app", "Class": "secret"}]}


class GrypeFoundNoPackages(ScanFault):
    """The image was empty for it: a format that it does not know."""

    breaks, outcome, shows = (rules.REPORT_COMPLETE,), "not proven", "no match and no distribution"

    @staticmethod
    def content() -> object:
        return grype() | {"distro": {"name": "", "version": ""}}


class TheListOfGrypeIsNotValid(ScanFault):
    """It could not be read, so nothing was compared with it."""

    breaks, outcome, shows = (rules.REPORT_COMPLETE,), "not proven", "is not valid"

    @staticmethod
    def content() -> object:
        report = grype(match("Low"))
        report["descriptor"]["db"]["status"]["valid"] = False
        return report


class NobodyWarnsOfTheSystemAnyMore(ScanFault):
    """Its distribution gets no notices: new vulnerabilities are in no list."""

    breaks, outcome, shows = (rules.REPORT_COMPLETE,), "not proven", "no security notices"

    @staticmethod
    def content() -> object:
        report = trivy()
        report["Metadata"]["OS"]["EOSL"] = True
        return report


class TheScannerFailed(ScanFault):
    """It wrote an empty list before it ended with an error."""

    breaks, outcome = (rules.REPORT_COMPLETE,), "not proven"
    shows = "executionSuccessful is not true"

    @staticmethod
    def content() -> object:
        report = sarif()
        report["runs"][0]["invocations"][0]["executionSuccessful"] = False
        return report


class TheSarifHasNoTool(ScanFault):
    """Nobody knows what looked at the image."""

    breaks, shows = (rules.REPORT_VALID,), "| a table at $.runs[].tool |"

    @staticmethod
    def content() -> object:
        report = sarif()
        del report["runs"][0]["tool"]
        return report


class TheSarifHasNoRun(ScanFault):
    """It is an empty shell."""

    breaks, outcome, shows = (rules.REPORT_COMPLETE,), "not proven", "no run of a scanner"

    @staticmethod
    def content() -> object:
        return sarif() | {"runs": []}


class TheResultsAreInAnotherFile(ScanFault):
    """The file that holds them is not read."""

    breaks, outcome, shows = (rules.REPORT_COMPLETE,), "not proven", "stand in other files"

    @staticmethod
    def content() -> object:
        report = sarif()
        report["runs"][0]["externalPropertyFileReferences"] = {"results": []}
        return report


class TheScoreStandsInThePropertiesOnly(ScanFault):
    """A result with the level `note` has a rule with the score 9.8."""

    breaks, shows = (rules.NO_CRITICAL,), "CVE-2026-1 in openssl | no critical vulnerability |"

    @staticmethod
    def content() -> object:
        return sarif({"ruleId": "CVE-2026-1", "level": "note", "message": {"text": "openssl"}})


class TheRuleStandsInAnExtension(ScanFault):
    """Its score would not be found beside the tool's own rules."""

    breaks, shows = (rules.NO_CRITICAL,), "CVE-2026-1 in openssl | no critical vulnerability |"

    @staticmethod
    def content() -> object:
        report = sarif({"rule": {"index": 0, "toolComponent": {"index": 0}}})
        tool = report["runs"][0]["tool"]
        tool["extensions"] = [{"name": "pack", "rules": tool["driver"].pop("rules")}]
        report["runs"][0]["results"][0]["message"] = {"text": "openssl"}
        return report


class TheResultIsSuppressed(ScanFault):
    """A comment in the code hides it, and nobody of the hospital accepted it."""

    breaks, shows = (rules.NO_CRITICAL,), "suppressed there (a false alarm)"

    @staticmethod
    def content() -> object:
        hidden = [{"kind": "inSource", "justification": "a false alarm"}]
        return sarif({"ruleId": "CVE-2026-1", "suppressions": hidden})


class TheMatchIsIgnoredBySettings(ScanFault):
    """The settings of the scanner hide it for good."""

    breaks, shows = (rules.NO_CRITICAL,), "suppressed there (not reachable)"

    @staticmethod
    def content() -> object:
        ignored = match(appliedIgnoreRules=[{"reason": "not reachable"}])
        return grype() | {"ignoredMatches": [ignored]}


class TheSeverityIsNotKnown(ScanFault):
    """It is so new that nobody has rated it."""

    breaks, outcome, shows = (rules.SEVERITY_KNOWN,), "not proven", "unknown, in report.json"

    @staticmethod
    def content() -> object:
        return trivy(problem("UNKNOWN"))


class TheExceptionHasEnded(ScanFault):
    """It was accepted until the update, which never came."""

    breaks, shows = (rules.NO_CRITICAL,), "its exception ended on 2026-01-31"
    settings: ClassVar[Mapping[str, Any]] = {"exceptions": accept("2026-01-31")}

    @staticmethod
    def content() -> object:
        return trivy(problem())


class TheExceptionIsForAnotherPackage(ScanFault):
    """It was accepted in a tool that nobody calls, and stands in the web server, too."""

    breaks, shows = (rules.NO_CRITICAL,), "CVE-2026-1 in openssl 3.0.1 |"
    settings: ClassVar[Mapping[str, Any]] = {"exceptions": accept("2999-01-31", package="busybox")}

    @staticmethod
    def content() -> object:
        return trivy(problem())


class TheRuleOfAResultIsMissing(ScanFault):
    """The list of rules was cut off, and the score with it."""

    breaks, outcome, shows = (rules.SEVERITY_KNOWN,), "not proven", "CVE-2026-9 |  | unknown"

    @staticmethod
    def content() -> object:
        return sarif({"ruleId": "CVE-2026-9", "level": "note"})


class TheResultsStandBesideTheRun(ScanFault):
    """Its list is empty, and the results are in another part of the document."""

    breaks, shows = (rules.REPORT_VALID,), "| parts in inlineExternalProperties |"

    @staticmethod
    def content() -> object:
        return sarif() | {"inlineExternalProperties": [{"results": [{"ruleId": "CVE-2026-1"}]}]}


class AFieldOfTheReportIsOfAnotherType(ScanFault):
    """The scanner was updated, and writes it in another way."""

    breaks, shows = (rules.REPORT_VALID,), "a field of another type"

    @staticmethod
    def content() -> object:
        report = trivy()
        report["Metadata"]["RepoDigests"] = 5
        return report
