"""Documents that people rely on."""
