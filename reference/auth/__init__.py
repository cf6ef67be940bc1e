"""Who calls: passwords, sessions, tokens, and the throttle."""
