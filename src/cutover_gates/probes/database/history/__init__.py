"""Whether a database has had exactly the migrations of the release: what its history says, held
against the scripts on disk.
"""
