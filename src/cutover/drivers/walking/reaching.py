"""Why nothing came: what a failed connection says, and what to do about it."""

from __future__ import annotations

import re

WANTS_TLS = re.compile(r"(?i)plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server")
"""What servers answer, in plain text, to plain HTTP at a port that speaks TLS."""
_SAID = (
    (
        r"WRONG_VERSION_NUMBER|record layer|UNKNOWN_PROTOCOL|HTTP_REQUEST",
        "plain HTTP is spoken there: write http:// instead of https://",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        (
            "its certificate is not trusted: write the name that stands in it, or trust its"
            " authority (SSL_CERT_FILE)"
        ),
    ),
    (
        r"Name or service|getaddrinfo|nodename|name resolution|No address",
        "nobody knows a host of this name: mend it",
    ),
    (r"refused", "nobody listens there: mend host and port, or start the target"),
    (
        r"ReadError|RemoteProtocol|disconnected|reset|illegal",
        "it does not speak plain HTTP: write https:// where it speaks TLS, or mend the port",
    ),
    (
        r"within|Timeout|timed out",
        "nothing came in time: mend host and port, or give more in limits.request_seconds",
    ),
)


def when_silent(came: str) -> str:
    """What to do when `came` is all that is known."""
    return next(
        (mend for pattern, mend in _SAID if re.search(pattern, came)),
        "mend host and port, or start the target",
    )
