"""What should hold for TLS on a port."""
