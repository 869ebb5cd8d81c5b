"""Provisioning: where tenants run; wanted against actual, in shared cells and dedicated deployments."""
