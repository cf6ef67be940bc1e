"""The causes of what a driver raises: of a failed connection, or an error in a driver's source."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.hospital import Answer

_PACKAGE = Path(__file__).parents[2]
_TLS_EXPECTED = re.compile(
    r"(?i)plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server"
)
"""The text with which servers answer plain HTTP at a port that speaks TLS."""
_PATTERNS: tuple[tuple[str, Cause], ...] = (
    (r"WRONG_VERSION_NUMBER|record layer|UNKNOWN_PROTOCOL|HTTP_REQUEST", Cause.PLAIN_HTTP_EXPECTED),
    (r"CERTIFICATE_VERIFY_FAILED", Cause.UNTRUSTED_CERTIFICATE),
    (r"Name or service|getaddrinfo|nodename|name resolution|No address", Cause.UNKNOWN_HOST),
    (r"refused", Cause.NOTHING_LISTENS),
    (r"ReadError|RemoteProtocol|disconnected|reset|illegal", Cause.NO_HTTP),
    (r"within|Timeout|timed out", Cause.NO_ANSWER_IN_TIME),
)


def find_connection_cause(error: str) -> Cause:
    """Return the cause of a failed connection with this error text."""
    for pattern, cause in _PATTERNS:
        if re.search(pattern, error):
            return cause
    return Cause.UNREACHABLE


def wants_tls(answer: Answer) -> bool:
    """Return whether the answer says that the port speaks TLS."""
    return answer.status == 400 and _TLS_EXPECTED.search(answer.text) is not None


def locate_driver_error(error: Exception) -> str:
    """Return file, line and function of the last frame that is not ours; empty without one."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _PACKAGE not in Path(frame.filename).parents and "site-packages" not in frame.filename
    ]
    if not frames:
        return ""
    last = frames[-1]
    return f"{Path(last.filename).name}, line {last.lineno}, {last.name}"
