"""Checks of the variables that a release will run with."""
