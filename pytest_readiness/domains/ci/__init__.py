"""Pipelines that test and deliver the release."""
