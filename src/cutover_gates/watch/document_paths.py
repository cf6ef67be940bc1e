"""The critical paths of documents: filed and read, also over a slow line."""

from __future__ import annotations

from hashlib import sha256

from cutover_gates.hospital import Driver, Role, Unsupported
from cutover_gates.watch.own_records import OwnDocument
from cutover_gates.watch.probe_context import ProbeContext, require_equal


def upload(context: ProbeContext) -> Role:
    """File a small document."""
    session = context.keeper.session(Role.CLINICIAN)
    context.driver.upload(session, context.records.read.id, context.records.new_upload())
    return Role.CLINICIAN


def upload_slowly(context: ProbeContext) -> Role:
    """File a document over a slow line."""
    session = context.keeper.session(Role.CLINICIAN)
    context.slow.upload(session, context.records.read.id, context.records.new_upload())
    return Role.CLINICIAN


def download(context: ProbeContext) -> Role:
    """Read the bytes of a small document."""
    return _download(context, context.driver, context.records.small)


def download_slowly(context: ProbeContext) -> Role:
    """Read the bytes of the largest document over a slow line."""
    return _download(context, context.slow, context.records.large)


def _download(context: ProbeContext, driver: Driver, own: OwnDocument | None) -> Role:
    if own is None:
        raise Unsupported("upload", "there is no document to read")
    session = context.keeper.session(Role.CLINICIAN)
    content = driver.content(session, own.document)
    require_equal("the sum of the bytes", own.sha256, sha256(content).hexdigest())
    return Role.CLINICIAN
