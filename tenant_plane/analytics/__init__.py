"""Analytics: the numbers of the overview. Owns no table; asks the domains that do."""
