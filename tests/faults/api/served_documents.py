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


class _Lost(_Served):
    """What the settings rightly name is in the document of the release before only."""

    breaks = (rules.MEANINGS_LISTED,)
    named: ClassVar[str]

    def __init_subclass__(cls) -> None:
        table = "[targets.tried.rest.parameters]"
        cls.mapping = f'[targets.tried.rest]\nextends = "default"\n{table}\n{cls.named}\n'


class APathThatTheSettingsNameIsGone(_Lost):
    """The settings say what its ids mean, and the release does not list the path any more."""

    named = '"GET /api/v1/patients/{patient_id}/visits/{visit_id}" = { visit_id = "visit.id" }'
    shows = "no such path"
    also: ClassVar[Mapping[str, str]] = {
        "contract-compatibility": "clients of the release before read visits",
        "contract-access": "the table of roles names it",
    }
    only = ("createPatient", "getVisit")

    def change(self, document: dict[str, Any]) -> None:
        del document["paths"]["/api/v1/patients/{patient_id}/visits/{visit_id}"]


class AParameterThatTheSettingsNameIsGone(_Lost):
    """A list is searched by a parameter that the release does not take any more."""

    named = '"GET /api/v1/patients" = { mrn = "patient.id" }'
    shows = "no operation there has this parameter"
    also: ClassVar[Mapping[str, str]] = {
        "contract-compatibility": "clients of the release before search by number"
    }
    only = ("createPatient", "searchPatients")

    def change(self, document: dict[str, Any]) -> None:
        table = document["paths"]["/api/v1/patients"]["get"]
        table["parameters"] = [one for one in table["parameters"] if one["name"] != "mrn"]
