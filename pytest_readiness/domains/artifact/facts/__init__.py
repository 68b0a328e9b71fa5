"""How reports are read."""
