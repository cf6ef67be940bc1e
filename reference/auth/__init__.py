"""Authentication: passwords, sessions, tokens, and the throttle."""
