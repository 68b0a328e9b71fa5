"""What is read from a port that TLS is spoken on."""
