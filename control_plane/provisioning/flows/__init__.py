"""Verbs that need the cluster or the planes: no transaction is open while they talk."""
