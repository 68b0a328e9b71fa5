"""Markdown to checklists, sections and items with ids."""
