"""Route of `/audit` in the release before."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from reference import paging
from reference.openapi import SIGNED_IN, refusals
from reference.problems import Problem
from reference.release_before import audit_entries
from reference.security import ADMINISTRATOR, AUDITOR, Caller, Guarded, bearer, pool_of
from reference.settings import BASE_PATH

router = APIRouter(
    prefix=BASE_PATH + "/audit", tags=["audit"], route_class=Guarded, dependencies=[Depends(bearer)]
)


@router.get(
    "",
    operation_id="readAudit",
    response_model=paging.Page[audit_entries.Entry],
    responses=refusals(422, *SIGNED_IN),
)
def read(
    request: Request, place: paging.WantedPlace, patient_id: Annotated[UUID | None, Query()] = None
) -> dict[str, Any]:
    """The audit log, newest first: all of it, or what concerns one patient."""
    caller: Caller = request.state.caller
    if caller.role not in (AUDITOR, ADMINISTRATOR):
        raise Problem("forbidden", "Only for: auditor, administrator.")
    with pool_of(request).connection() as connection:
        return audit_entries.page(connection, patient_id, place)
