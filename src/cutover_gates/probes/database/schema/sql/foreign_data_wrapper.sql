-- Also those of an extension: the rights on one are granted by hand.
SELECT w.fdwname::text AS name, nullif(w.fdwhandler, 0)::regproc::text AS handler FROM pg_foreign_data_wrapper w
