"""What every domain of the control plane stands on: transactions, actors, permissions."""
