"""What the two planes say to each other over HTTP: Pydantic models only."""
