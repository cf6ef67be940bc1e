"""Faults of the served document: another release's, or not the whole of what clients use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.probes.api.document import rules
from tests.faults.api.api_fault import ApiFault


class _Served(ApiFault):
    """Whatever document is served, one item looks whether it is the right one."""

    item = "contract-document"


class TheDocumentIsOfTheReleaseBefore(_Served):
    """Clients are built for a release that is gone."""

    breaks, shows = (rules.RELEASE_NAMED,), "1.9.0"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        document["info"]["version"] = "1.9.0"


class TheDocumentNamesNoRelease(_Served):
    """Nobody can tell which release a client was built for."""

    breaks, shows = (rules.RELEASE_NAMED,), "info.version"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        document["info"]["version"] = "latest"


class TheAuditLogIsNotDocumented(_Served):
    """No check of the document ever asks whether strangers can read the audit log."""

    breaks, shows = (rules.USED_OPERATIONS_LISTED,), "audit"
    also: ClassVar[Mapping[str, str]] = {
        "contract-compatibility": "clients of the release before read the audit log",
        "contract-access": "the table of roles names it",
    }
    only = ("createPatient", "readAudit")

    def change(self, document: dict[str, Any]) -> None:
        del document["paths"]["/api/v1/audit"]


class DownloadsAreNotDocumented(_Served):
    """Letters are downloaded every day, and nothing ever tries who may do it."""

    breaks, shows = (rules.USED_OPERATIONS_LISTED,), "content"
    also: ClassVar[Mapping[str, str]] = {
        "contract-compatibility": "clients of the release before download documents"
    }
    only = ("getDocument", "downloadDocument")

    def change(self, document: dict[str, Any]) -> None:
        documents = "/api/v1/patients/{patient_id}/documents"
        del document["paths"][f"{documents}/{{document_id}}/content"]
