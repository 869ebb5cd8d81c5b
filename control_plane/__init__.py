"""Who our customers are, what they may have, and where it runs."""
