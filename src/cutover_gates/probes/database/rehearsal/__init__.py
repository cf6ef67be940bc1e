"""The migration tried out before the night: its scripts run on a copy while somebody works with it,
they are linted, and staging had them already.
"""
