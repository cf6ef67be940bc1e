"""The embedded hospital: a small, correct backend with a PostgreSQL of its own, for the gates to be
tried on.

    python -m reference            look around; Ctrl-C ends it
    python -m reference --json --tied     for a program: one JSON line when it is ready, and it ends
    when standard input does
    python -m reference --surroundings    and, around it, a second instance, a reverse proxy,
    Prometheus and Alertmanager

Who reads on, reads in this order:

    app                  the application: auth/, patients/, visits/, documents/, audit, health
    security             who may do what; every use of a record leaves a line in the audit log
    problems, openapi    how errors look, and what the document promises
    middleware, logs, metrics
    database/migrations  1-6 are the release before the cutover, 7-10 are release 2.0.0
    migrate, seed        the scripts applied as Flyway does; the synthetic past
    installation, postgres, keeper    a private PostgreSQL that never outlives us
    template, cutover    the cached cluster of the release before; bringing it to 2.0.0
    serve, announcement  a socket, and what is told to whoever asked
    surroundings/        what stands around it: real programs, kept by a process that ends with us.
    monitoring/ holds their files

Tests that need a hospital of their own, perhaps a faulty one, build it from the same parts. One
cluster for the test session:

    with postgres.running(template.cached()) as server:
        server.copy(template.DATABASE, "migrated")
        cutover.perform(server, "migrated", staff := announcement.accounts())

and then, in a process each, a copy of that database and an application
(`tests/reference/test_reference_faulty.py` does it):

    server.copy("migrated", "fault_17")                       # by the test
    serve.stop_in_order()                                     # and from here on by the process
    serve.stop_with_parent(multiprocessing.parent_process().sentinel)
    settings = Settings(database=server.dsn("fault_17", postgres.APPLICATION),
    signing_key=secrets.token_hex(32))
    with serve.listen() as listener:
        told.send(announcement.announcement(serve.url(listener), server, "fault_17", staff,
        settings))
        serve.serve(Wrapped(create_app(settings)), listener)

A process from multiprocessing's forkserver that has preloaded `reference.app` is up in 0.3 s; a new
interpreter needs one second more.
"""
