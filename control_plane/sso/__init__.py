"""Single sign-on: a tenant's connection to its OpenID provider, and signing in through it instead of a password."""
