"""The signals of a target: metrics, logs, alerts, dashboards, and messages to the team.

The probe finds out whether they arrive.
"""
