"""The driver for FHIR R4 servers (docs/fhir.md says what it needs of a server)."""
