"""Drivers: the only place that knows the URLs and payloads of a target."""
