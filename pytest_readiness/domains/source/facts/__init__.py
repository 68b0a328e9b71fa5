"""How repositories are read."""
