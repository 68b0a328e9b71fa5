"""How to speak: no facts, no checks."""
