"""Plans: the versioned catalogue of what a customer may buy, and the limits that come with it."""
