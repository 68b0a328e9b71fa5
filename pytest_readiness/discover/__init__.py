"""`readiness init`: what is there, one module a source; what is merged, written and chosen of it."""
