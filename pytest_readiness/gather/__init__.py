"""The scheduler of facts."""
