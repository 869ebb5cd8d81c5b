"""Billing: customers and subscriptions at Stripe, and the plan that follows from them."""
