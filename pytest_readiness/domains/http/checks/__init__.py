"""What should hold for a web endpoint."""
