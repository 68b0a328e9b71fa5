"""How documents are read."""

from pytest_readiness.domains.docs.facts.text import DocumentText as DocumentText
from pytest_readiness.domains.docs.facts.text import document_text as document_text
