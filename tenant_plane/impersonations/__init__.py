"""Impersonations: super-admins of the provider who act in this tenant, as its admins can see."""
