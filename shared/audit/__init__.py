"""The audit log of either plane: its columns, its hash chain, how it is written and how it is read."""
