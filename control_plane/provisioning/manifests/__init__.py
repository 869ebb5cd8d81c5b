"""The Kubernetes objects of one dedicated tenant plane, as plain data. Pure: no network, no clock, no randomness."""
