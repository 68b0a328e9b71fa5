"""Requests that are bounded in time and size, over TLS that is verified."""
