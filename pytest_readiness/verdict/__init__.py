"""States, score, GO or NO-GO, and the file that keeps them."""
