"""Certificates, protocols and redirects of the endpoints where people meet the target."""
