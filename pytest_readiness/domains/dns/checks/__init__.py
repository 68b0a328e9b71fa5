"""What should hold for a DNS name."""
