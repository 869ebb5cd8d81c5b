"""The world outside: each file speaks to one other system."""
