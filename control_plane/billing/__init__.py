"""Billing: what Stripe knows of our tenants, what we want of it, and what that means for their plan and standing."""
