"""Whether there is a backup, and whether what it gives back is the data.

backups = Backups(site)
sound(backups.restores_to_equal_data())

with restored(site) as copy:            # for whoever needs a copy to try something on
    psycopg.connect(copy.dsn)
"""
