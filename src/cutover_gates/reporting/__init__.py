"""What comes out of a run: the verdict in words, on the terminal, as JSON, as a page, as a status
update and as GitHub annotations.
"""
