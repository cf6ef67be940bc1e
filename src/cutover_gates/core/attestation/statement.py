"""The verdict as an in-toto Statement v1 with a test-result predicate.

The statement follows from `verdict.json` and the digest of `SHA256SUMS` alone, so that a verifier
can make it again and compare. Sources: https://github.com/in-toto/attestation, `spec/v1` and
`spec/predicates/test-result.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cutover_gates.core.attestation.sums import SUMS_FILE, AttestationError

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
RESULTS = {"GO": "PASSED", "GO WITH WAIVERS": "WARNED", "NO-GO": "FAILED"}
PASSED_OUTCOMES = frozenset({"passed", "attested"})
WARNED_OUTCOMES = frozenset({"waived", "not applicable"})
VERDICT_KEYS = ("schema", "gate", "target", "release", "verdict", "started", "finished", "counts")
"""What the statement repeats of `verdict.json`, as an extension of the predicate."""
Statement = dict[str, Any]


def build_statement(verdict: Mapping[str, Any], sums_digest: str, run_url: str = "") -> Statement:
    """Return the statement about a verdict in the shape of `verdict.json`.

    Its tests are the items of the plan: passed and attested ones passed, waived and not applicable
    ones are warned, all others failed. Raises `AttestationError` for another shape.
    """
    try:
        predicate = _build_predicate(verdict)
        subjects = [*_release_subjects(verdict), _resource(SUMS_FILE, sums_digest)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise AttestationError(
            f"verdict.json is not a verdict ({type(error).__name__}: {error})"
        ) from None
    if run_url:
        predicate["url"] = run_url
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


def serialize_statement(statement: Statement) -> bytes:
    """Return the bytes that are signed: a verifier takes them as they are."""
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode(
        errors="backslashreplace"
    )


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and without spaces, as `jq -cS` writes it, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        errors="backslashreplace"
    )


def read_sums_digest(statement: Mapping[str, Any]) -> str:
    """Return the digest of `SHA256SUMS` that a statement names. Raises `AttestationError`."""
    for subject in statement.get("subject") or ():
        if isinstance(subject, Mapping) and subject.get("name") == SUMS_FILE:
            digest = subject.get("digest")
            if isinstance(digest, Mapping) and isinstance(digest.get("sha256"), str):
                return str(digest["sha256"])
    raise AttestationError(f"the statement does not name {SUMS_FILE} with its SHA-256")


def find_differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Return where two statements differ, as paths such as `predicate.verdict.gate`.

    The address of the run is not in `verdict.json` and is not compared.
    """
    differences = [
        path for path in _differing_paths(expected, actual, "") if path != "predicate.url"
    ]
    return sorted(differences)


def _differing_paths(expected: Any, actual: Any, path: str) -> Iterable[str]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in {*expected, *actual}:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differing_paths(expected.get(key), actual.get(key), inner)
    elif expected != actual:
        yield path


def _build_predicate(verdict: Mapping[str, Any]) -> dict[str, Any]:
    items = [(str(item["id"]), str(item["outcome"])) for item in verdict["items"]]
    return {
        "result": RESULTS[verdict["verdict"]],
        "configuration": _configuration(verdict),
        "passedTests": [name for name, outcome in items if outcome in PASSED_OUTCOMES],
        "warnedTests": [name for name, outcome in items if outcome in WARNED_OUTCOMES],
        "failedTests": [
            name for name, outcome in items if outcome not in PASSED_OUTCOMES | WARNED_OUTCOMES
        ],
        "verdict": {key: verdict[key] for key in VERDICT_KEYS},
    }


def _configuration(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the gate was judged with: settings, suite, and files such as the plan."""
    subject = verdict["subject"]
    suite = _resource("settings", str(subject["settings"]))
    commit = str(subject["suite_commit"])
    suite["annotations"] = {"suite": str(subject["suite_version"]), "commit": commit}
    files = (verdict.get("judged_by") or {}).get("files") or ()
    # A file that cannot be read has no digest; the part that needs it reports it.
    described = [_describe_file(file) for file in files if file["sha256"]]
    return [suite, *described]


def _describe_file(file: Mapping[str, Any]) -> dict[str, Any]:
    resource = _resource(str(file["path"]), str(file["sha256"]))
    resource["annotations"] = {"role": str(file["role"])}
    return resource


def _release_subjects(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the images under judgement and the release.

    A subject needs a digest. The release has that of its first image, else that of the document
    that the target served, else that of its own name: `digestOf` says which.
    """
    subject, release = verdict["subject"], str(verdict["release"])
    images = [str(image).partition("@sha256:") for image in subject.get("images") or ()]
    found = [_resource(name, digest) for name, _, digest in images]
    document = subject.get("document")
    if images:
        digest, of = images[0][2], "image"
    elif document:
        digest, of = str(document), "served document"
    else:
        digest, of = hashlib.sha256(release.encode()).hexdigest(), "name of the release"
    named = _resource(f"release:{release}", digest)
    named["annotations"] = {"digestOf": of}
    return [*found, named]


def _resource(name: str, digest: str) -> dict[str, Any]:
    """Return a ResourceDescriptor. Raises `ValueError` for what is no SHA-256."""
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError(f"{digest[:80]!r} is not a SHA-256")
    return {"name": name, "digest": {"sha256": digest}}
