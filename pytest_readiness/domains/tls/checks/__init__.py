"""What should be of TLS on a port."""
