"""What all rooms share: evidence, the registry, the kinds of resources, problems, redaction, clock, files, YAML."""
