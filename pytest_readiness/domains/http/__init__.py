"""Web endpoints."""
