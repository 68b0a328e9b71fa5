"""One folder a domain: its resources, how facts are read from them, and what should be."""
