"""readiness.yaml: a target with its resources, its policy and its secrets."""
