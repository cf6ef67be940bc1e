"""The outputs of a run: the verdict on the terminal, as JSON, as a page, as a status update."""
