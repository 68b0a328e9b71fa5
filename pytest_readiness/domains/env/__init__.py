"""Env files."""
