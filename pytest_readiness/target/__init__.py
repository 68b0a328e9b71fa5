"""Targets: what readiness.yaml declares of an environment, as typed resources and a policy."""
