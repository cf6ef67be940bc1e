"""Whether the database server is well: reachable, writable, with room, in step with its copies, and
the one it was.

    server = Server(site)
    sound(server.headroom())

Not seen from here, for SQL cannot see it: free space on the disks, and the pools of a pgbouncer in
front of the server.
"""
