"""The verbs of provisioning: ``deployments`` of tenants, ``rollouts`` of a version, ``cells`` as they are seen."""
