"""How Opsplane is started, built and shipped. Nothing in the two planes imports from here."""
