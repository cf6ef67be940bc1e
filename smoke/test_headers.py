"""The headers of answers: which web pages may read them, and what a download says of itself.

The headers of all other answers are judged as they come, while the checks run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from cutover_gates.config.target_access import Limits
from cutover_gates.hospital import (
    Credentials,
    Patient,
    Records,
    Role,
    Session,
    SignInDesk,
    Unsupported,
)
from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.hospital.synthetic import FileFactory
from cutover_gates.probes.api.headers.assessments import HeaderAssessments
from cutover_gates.probes.api.headers.browser_reading import BrowserAssessments

pytestmark = pytest.mark.plan("api-endpoints")


def test_no_foreign_page_may_read(headers: HeaderAssessments) -> None:
    """No web page of a foreign origin may read an answer, and each allowed one may.

    A browser asks the server whether a page may read. What it allows, any page in it can do.
    """
    assert_passed(headers.assess_reading_origins())


def test_no_foreign_page_may_send(headers: HeaderAssessments) -> None:
    """No web page of a foreign origin may send a change, and each allowed one may.

    A browser asks first (OPTIONS) before it sends what a form could not.
    """
    assert_passed(headers.assess_preflights())


@pytest.mark.plan("authentication-flow")
def test_a_sign_in_sets_guarded_cookies(
    headers: HeaderAssessments, door: SignInDesk, accounts: Callable[[Role], Credentials]
) -> None:
    """A cookie of a sign-in is out of reach for scripts, for other sites and for open networks.

    Where a sign-in sets none there is nothing to guard.
    """
    sessions: list[Session] = []

    def sign_in() -> None:
        sessions.append(door.sign_in(accounts(Role.CLINICIAN)))

    def refresh() -> None:
        # A target may declare that it renews none.
        with suppress(Unsupported):
            door.refresh(sessions[0])

    assert_passed(headers.assess_cookies([sign_in, refresh]))


def test_a_download_says_what_it_is(
    headers: HeaderAssessments,
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
) -> None:
    """A download has the media type, the file name and the ETag of its own document."""
    uploads = [files.of_type(media_type) for media_type in limits.document_types[:2]]
    uploads.append(files.of_type(limits.document_types[0]))
    filed = [(records.file(registered, upload), upload.content) for upload in uploads]
    assert_passed(headers.assess_downloads(filed))


def test_every_browser_is_shown_the_same(browser_reading: BrowserAssessments) -> None:
    """Every browser is shown the same record, whatever language and encoding it accepts.

    Dates, numbers and ids are compared; a text in words may be translated.
    """
    assert_passed(browser_reading.assess_browsers())
