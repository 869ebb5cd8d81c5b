"""Verbs that need Stripe: commit what is wanted, talk without a transaction, commit what came of it."""
