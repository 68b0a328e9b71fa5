"""Inboxes that mail arrives in."""
