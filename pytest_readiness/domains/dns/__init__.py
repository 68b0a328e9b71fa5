"""DNS names."""
