"""What documents must be like."""
