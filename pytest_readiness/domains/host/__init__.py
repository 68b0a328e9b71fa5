"""Servers, from inside."""
