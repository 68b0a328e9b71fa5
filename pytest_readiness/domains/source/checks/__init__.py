"""What the repository being released must be like."""
