"""The embedded hospital: a small, correct backend with its own PostgreSQL, to try the gates on.

    python -m reference                   start it for a person; Ctrl-C ends it
    python -m reference --json --tied     start it for a program: one JSON line when it is ready;
                                          it ends when standard input ends
    python -m reference --surroundings    also start a second instance, a reverse proxy,
                                          Prometheus and Alertmanager

The modules, in the order in which to read them:

    app                  the application: auth/, patients/, visits/, documents/, audit/, health
    security             who may do what; each use of a record writes a line to the audit log
    problems, openapi    the form of errors, and what the OpenAPI document adds to FastAPI's own
    middleware, logs, metrics
    release_before       release 1.9.0, an application of its own; releases chooses between the two
    database/migrations  1-6 are the release before the cutover, 7-10 are release 2.0.0, on which
                         1.9.0 works on; 11 ends that, on a later night
    migrate, seed        the scripts, applied as Flyway does; the synthetic records
    installation, postgres, supervisor    a private PostgreSQL that ends with its parent process
    template, cutover    the cached cluster of the release before; its migration to 2.0.0
    serve, announcement  a socket, and the line that tells the caller where everything is
    environment/         the programs around it, supervised by a process that ends with the parent;
                         their configuration files are in monitoring/

Tests that need a hospital of their own, for example a faulty one, build it from the same parts. One
cluster serves the test session:

    with postgres.run_cluster(template.ensure_cluster()) as server:
        server.copy(template.DATABASE, "migrated")
        cutover.perform(server, "migrated", staff := announcement.accounts())

Each hospital is a process with a copy of that database and an application
(`tests/integration/reference/test_faulty_hospital.py` is an example):

    server.copy("migrated", "fault_17")                       # in the test
    serve.stop_in_order()                                     # from here on in the process
    serve.stop_with_parent(multiprocessing.parent_process().sentinel)
    settings = Settings(
        database=server.dsn("fault_17", postgres.APPLICATION), signing_key=secrets.token_hex(32)
    )
    with serve.listen() as listener:
        pipe.send(
            announcement.announcement(serve.url(listener), server, "fault_17", staff, settings)
        )
        serve.serve(Wrapped(create_app(settings)), listener)

A process from multiprocessing's forkserver that has preloaded `reference.app` is ready in 0.3 s. A
new interpreter needs one second more.
"""
