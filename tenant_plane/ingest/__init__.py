"""Every sender's door: an adapter per format, one commit for many requests, and dead letters for what can't be read."""
