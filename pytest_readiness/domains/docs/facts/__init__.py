"""How documents are read."""
