"""What should be on pages as a browser shows them."""
