"""`readiness bind`: what may answer the items of a document that nobody has bound so far."""
