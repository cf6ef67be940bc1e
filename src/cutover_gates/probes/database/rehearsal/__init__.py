"""The rehearsal: scripts run on a copy under load, they are linted, and staging had them before."""
