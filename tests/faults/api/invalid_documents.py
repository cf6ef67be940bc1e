"""Faults of the document itself: whoever builds a client by it is led astray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.probes.api.document import rules
from tests.faults.api.api_fault import ApiFault, fields, operation


class _Document(ApiFault):
    """Whatever is wrong with the document, one item finds it."""

    item = "contract-document"


class TheDocumentIsInvalid(_Document):
    """The tool that generates clients ends with an error, on the day when one is needed."""

    breaks, shows = (rules.VALID_OPENAPI,), "description"
    only = ("openVisit", "getVisit")

    def change(self, document: dict[str, Any]) -> None:
        del operation(document, "openVisit")["responses"]["201"]["description"]


class AReferenceLeadsNowhere(_Document):
    """Nobody can know what a duplicate is answered with."""

    breaks = (rules.REFERENCES_RESOLVE,)
    also: ClassVar[Mapping[str, str]] = {
        "contract-compatibility": "what cannot be read cannot be compared"
    }
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        refusal = operation(document, "createPatient")["responses"]["409"]
        refusal["content"]["application/problem+json"]["schema"] = {
            "$ref": "#/components/schemas/Duplicate"
        }


class NoErrorsAreDocumented(_Document):
    """A client knows only success, and shows nothing where a discharge is refused."""

    breaks = (rules.REJECTION_DOCUMENTED,)
    only = ("getVisit", "dischargeVisit")

    def change(self, document: dict[str, Any]) -> None:
        responses = operation(document, "dischargeVisit")["responses"]
        for status in [status for status in responses if status != "200"]:
            del responses[status]


class NoSuccessIsDocumented(_Document):
    """A client cannot tell that the visit was cancelled."""

    breaks = (rules.SUCCESS_DOCUMENTED,)
    also: ClassVar[Mapping[str, str]] = {
        "contract-compatibility": "clients wait for what was documented"
    }
    only = ("getVisit", "cancelVisit")

    def change(self, document: dict[str, Any]) -> None:
        del operation(document, "cancelVisit")["responses"]["200"]


class AnExampleBreaksItsSchema(_Document):
    """Examples are what is copied first: every first try of a new client is refused."""

    breaks, shows = (rules.EXAMPLES_VALID,), "is not one of"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        document["components"]["schemas"]["PatientBody"]["examples"][0]["sex"] = "F"


class AnExampleOfAFieldBreaksItsFormat(_Document):
    """Birth dates are sent as people write them, and refused."""

    breaks, shows = (rules.EXAMPLES_VALID,), "birth_date"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        fields(document, "PatientBody")["birth_date"]["examples"] = ["31.12.1971"]


class NobodySaysWhoMayAsk(_Document):
    """The generated client shows no token, and whoever wrote it cannot know whether it should."""

    breaks = (rules.SECURITY_DECLARED,)
    only = ("signIn", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        del operation(document, "signIn")["security"]


class TwoOperationsHaveOneName(_Document):
    """The generated client has one function for two things, and discharges who was to be admitted."""

    breaks = (rules.OPERATION_ID_UNIQUE,)
    only = ("signOut", "whoAmI", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        operation(document, "signOut")["operationId"] = "whoAmI"
