"""TLS on any port."""
