"""The health of the database server: reachable, writable, with room, in step with its copies.

    server = ServerAssessments(context)
    assert_passed(server.assess_headroom())

SQL cannot see the free space on the disks, nor the pools of a pgbouncer in front of the server.
"""
