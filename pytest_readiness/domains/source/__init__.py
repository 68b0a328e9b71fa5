"""Source repositories."""
