"""A tenant as one file: what the control plane knows of it, and all that its plane holds; written and read back."""
