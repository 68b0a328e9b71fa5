"""What should be at a web endpoint."""
