"""The headers of every answer that a run gets, and those that only a question of its own shows."""
