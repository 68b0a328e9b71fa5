"""Forges: GitHub, GitLab and what speaks like them."""
