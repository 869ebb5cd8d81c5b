"""What every domain of this plane stands on: tenancy, actors, permissions, GraphQL assembly, live push."""
