"""What DNS says about a name."""
