"""What should be of a DNS name."""
