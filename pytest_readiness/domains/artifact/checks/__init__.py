"""What reports must say."""
