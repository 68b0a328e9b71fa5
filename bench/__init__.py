"""Measurements against real servers: `python -m bench [NAME …] [--rounds N]`."""
