"""What DNS says of a name."""
