"""Telemetry: read-only clients of what watches a target, or of what the target tells of itself.

Each request is bounded in time.

source = source_of(resources, "https://hospital.example.org", redactor=redactor)
look = source.look()        # raises TelemetrySilent
look.memory, look.missing.get("memory")
"""
