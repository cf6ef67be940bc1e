"""Snapshots of a target's database: their content, the file, the capture and the choice of one."""
