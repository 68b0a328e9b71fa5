"""What is read of pipelines."""
