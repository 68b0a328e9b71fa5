"""What is read from pages as a browser shows them."""
