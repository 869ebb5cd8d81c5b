"""One machine, one command: a PostgreSQL, both planes and the frontend without anything installed beforehand."""
