"""The documentation, with what MkDocs and the schemas need to be made."""
