"""Whether there is a backup, and whether what it gives back is the data.

backups = Backups(context)
sound(backups.restores_to_equal_data())

with restored(context) as copy:            # for whoever needs a copy to try something on
    psycopg.connect(copy.dsn)
"""
