"""Servers for databases that are made, filled and thrown away.

Nothing in here ever writes to the target.

with scratch_server(context, major=18) as scratch:
    dsn = scratch.create(roles=["hospital_app"])      # an empty database, in the target's encoding;
    its superuser's DSN
    scratch.drop(dsn)                                  # at the latest the end of the block does it
"""
