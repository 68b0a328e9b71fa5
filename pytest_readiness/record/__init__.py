"""Recordings of what was read, and their comparison."""
