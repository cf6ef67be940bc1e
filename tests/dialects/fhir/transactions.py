"""Bundles that are applied in full, or not at all."""

from __future__ import annotations

import json

from tests.dialects.fhir.doors import Registered
from tests.dialects.fhir.outcome import No
from tests.dialects.fhir.rules import Resource
from tests.dialects.fhir.statement import INTERACTIONS
from tests.dialects.fhir.store import Store, etag

ACTS = {"POST": "c", "PUT": "u", "DELETE": "d"}


def performed(store: Store, caller: Registered, bundle: Resource) -> Resource:
    """Return the bundle of answers.

    Raises `No` for the first entry that cannot be applied; then nothing is changed.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        raise No(400, "invalid", "only transactions are taken here")
    with store.all_or_nothing():
        known: dict[str, str] = {}
        done = [_one(store, caller, entry, known) for entry in bundle.get("entry", [])]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": done}


def _one(store: Store, caller: Registered, entry: Resource, known: dict[str, str]) -> Resource:
    """Apply one entry; `known` maps names inside the bundle to the created resources."""
    method, url = entry["request"]["method"], str(entry["request"]["url"])
    kind, _, thing_id = url.partition("/")
    if method not in ACTS or kind not in INTERACTIONS:
        raise No(400, "not-supported", "that cannot be done in a transaction")
    if not caller.may(kind, ACTS[method]):
        raise No(403, "forbidden", "you may not")
    if method == "DELETE":
        store.delete(caller.facility, kind, thing_id)
        return {"response": {"status": "204"}}
    text = json.dumps(entry["resource"])
    for name, became in known.items():
        text = text.replace(name, became)
    resource = json.loads(text)
    made = (
        store.create(caller.facility, resource)[0]
        if method == "POST"
        else store.update(caller.facility, {**resource, "id": thing_id}, None)
    )
    known[str(entry.get("fullUrl", ""))] = f"{kind}/{made['id']}"
    known.pop("", None)
    return {
        "response": {
            "status": "201" if method == "POST" else "200",
            "location": f"{kind}/{made['id']}",
            "etag": etag(made),
        }
    }
