"""Checklist, bindings and target become the list of tests."""
