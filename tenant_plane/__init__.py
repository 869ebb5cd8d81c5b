"""What one tenant does all day: alerts become incidents, people respond. Knows the control plane only by contract."""
