"""How long a connection and an answer may take, and how much of an answer is read."""

from __future__ import annotations

CONNECT_SECONDS = 5.0
"""For the TCP connection and again for the TLS handshake."""
READ_SECONDS = 5.0
"""Between two bytes of an answer."""
REQUEST_SECONDS = 10.0
"""From connecting to the last byte of one answer."""
MAX_HEADERS = 64 * 1024
"""Characters of an answer's headers."""
MAX_BODY = 1024 * 1024
"""Bytes of an answer's body, where a caller sets no limit of its own."""
