"""Rules for the headers of answers (HEADER)."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

INTERNAL_ADDRESS = Rule(
    "HEADER-001",
    "No answer names a host or an address of the inside",
    "An attacker who gets in anywhere learns where to go next.",
    "Remove the header or the address at the proxy, or name it in headers.not_judged or"
    " headers.link_origins.",
)
SOFTWARE_TOLD = Rule(
    "HEADER-002",
    "No answer names the software that runs, with its version",
    "An attacker learns which known holes the server has.",
    "Remove the header at the proxy, or name it in headers.not_judged with the reason.",
)
LINK_ON_ORIGIN = Rule(
    "HEADER-003",
    "Every redirect and link leads to an address that the settings name",
    "A client follows the link, and sends its token to another server.",
    "Make the application know its public address, or name the other one in headers.link_origins.",
)
NOT_SHARED = Rule(
    "HEADER-004",
    "No answer to somebody who is signed in may be kept by a shared cache",
    "The next person behind the same proxy gets a chart that is not theirs to see.",
    "Send Cache-Control: no-store with every answer to a signed-in person.",
)
TYPE_TOLD = Rule(
    "HEADER-005",
    "Every answer with a body tells its true media type",
    "A browser guesses the type, and runs as a page what somebody typed into a field.",
    "Send the Content-Type of what the body is.",
)
CREDENTIALS_KEPT = Rule(
    "HEADER-006",
    "No answer lets every web page read with the credentials of its visitor",
    "Any page that a nurse opens can read charts with the nurse's own session.",
    "Name the allowed origins one by one, or do not allow credentials.",
    waivable=False,
)
FOREIGN_ORIGIN_REFUSED = Rule(
    "HEADER-007",
    "No foreign origin is allowed to read",
    "Any page that a nurse opens can ask the hospital in the nurse's name.",
    "Compare the Origin with a list, as a whole. Name your own in headers.allowed_origins.",
    waivable=False,
)
OWN_ORIGIN_ALLOWED = Rule(
    "HEADER-008",
    "Each origin of headers.allowed_origins is allowed to read",
    "The ward's program in the browser shows nothing but an error.",
    "Add the origin to the list of the application, or remove it from headers.allowed_origins.",
)
DOWNLOAD_TYPE = Rule(
    "HEADER-009",
    "A download has the media type of its document",
    "A picture is opened as text, or a text as a program.",
    "Send the Content-Type that was filed with the document.",
)
DOWNLOAD_NAME = Rule(
    "HEADER-010",
    "A download is offered under the name of its document",
    "The file is saved as somebody else's, or opened in the browser instead of being saved.",
    "Send Content-Disposition: attachment with the file's name (RFC 6266), or declare"
    " capabilities.download-names.",
)
DOWNLOAD_TAG = Rule(
    "HEADER-011",
    "The ETag of a download stays the same while its bytes do",
    "Every opening of an image fetches all of it again, or a proxy takes an old one for the new.",
    "Compute the ETag from the bytes or from the version, the same on every instance.",
)
ANSWERS_OBSERVED = Rule(
    "HEADER-012",
    "The headers of every answer of the run were judged",
    "What was not looked at may tell anything.",
    "Find out why the process ended early, and run again.",
)
COOKIE_GUARDED = Rule(
    "HEADER-013",
    "A cookie of a sign-in is out of reach for scripts, other sites and open networks",
    "A script in a page, or a page of somebody else, acts with the session of who is signed in.",
    "Set HttpOnly, SameSite (Lax or Strict) and Secure. Name a cookie that opens nothing in"
    " headers.harmless_cookies, with the reason.",
    waivable=False,
)
SAME_FOR_BROWSERS = Rule(
    "HEADER-014",
    "A record is the same to every browser, whatever language and encoding it accepts",
    "A nurse whose workstation is set to another language reads another date of birth or dose.",
    "Write dates, numbers and ids the same in every language, and compress answers whole.",
)
