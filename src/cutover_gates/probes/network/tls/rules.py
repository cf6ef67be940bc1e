"""Rules for certificates and for the use of TLS."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

ENDPOINTS_DECLARED = Rule(
    "TLS-001",
    "The endpoints with certificates are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure.tls]. Where there is none, give the reason in"
    " [targets.NAME.not_applicable].",
)
ENDPOINT_ANSWERS = Rule(
    "TLS-002",
    "Every endpoint answers by TLS",
    "Nobody reaches the hospital where its endpoint is silent.",
    "Start the front end and load its certificate; run the command to see the answer.",
)
CHAIN_TRUSTED = Rule(
    "TLS-003",
    "Every endpoint sends a chain that leads to a trusted authority",
    "Browsers show a warning, and scanners and other programs do not connect.",
    "Install a valid certificate together with its intermediate certificates. Where an authority of"
    " your own signed it, name that authority in tls.ca_file.",
)
NAME_MATCHES = Rule(
    "TLS-004",
    "Every certificate is for the name of its endpoint",
    "Browsers refuse a certificate for another name.",
    "Install a certificate that names the endpoint.",
)
VALID_LONG_ENOUGH = Rule(
    "TLS-005",
    "Every certificate that is sent is valid, and stays so for tls.days_left days",
    "A certificate that expires in the week after the cutover stops the hospital then.",
    "Renew the certificate, also where it is an intermediate one.",
)
OLD_PROTOCOLS_REFUSED = Rule(
    "TLS-006",
    "SSL 3.0, TLS 1.0 and TLS 1.1 are refused",
    "An attacker on the line can make both sides fall back to a protocol that is broken.",
    "Allow TLS 1.2 and 1.3 only.",
)
WEAK_CIPHERS_REFUSED = Rule(
    "TLS-007",
    "Cipher suites without real protection are refused",
    "With them anybody on the line can read along or pretend to be the hospital.",
    "Remove the cipher suite from the front end's configuration.",
)
PLAIN_HTTP_REDIRECTS = Rule(
    "TLS-008",
    "Plain HTTP leads to https",
    "Whoever types the name without https signs in without encryption, or reaches nothing.",
    "Redirect the address to an https address that is among tls.endpoints. Where no plain HTTP is"
    " offered, give the reason in [targets.NAME.capabilities] under plain-http.",
)
HSTS_LONG_ENOUGH = Rule(
    "TLS-009",
    "Browsers are told to stay with https for tls.hsts_seconds seconds",
    "On a foreign network the first request in plain HTTP can be intercepted.",
    "Send Strict-Transport-Security with a larger max-age.",
)
