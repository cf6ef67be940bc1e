"""The signals that a target sends, and whether they arrive: metrics, logs, alerts, dashboards, and
messages to the team.
"""
