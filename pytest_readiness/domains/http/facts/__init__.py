"""What is read from a web endpoint."""
