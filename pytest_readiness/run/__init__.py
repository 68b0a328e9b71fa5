"""One readiness run within pytest."""
