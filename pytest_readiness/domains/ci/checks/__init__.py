"""What the pipelines of the release must be like."""
