"""What an endpoint does with files that are too large or of the wrong type, and finally with one that is right."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.facts.forms import Fields, TrialOutcome, outcome_of
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.facts.probes import once
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.errors import Broken
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS

UPLOAD_SECONDS = 120.0
"""For the file that is too large."""
EXCESS = 64 * 1024
"""Bytes that it has beyond the limit."""

FileType = Literal["png", "pdf", "csv", "txt"]


@dataclass(frozen=True, slots=True)
class UploadTrial:
    """A question to `uploads`.

    Attributes:
        path: where to.
        field: name of the file's field.
        fields: names and values of the others.
        accepted: type of file that is right.
        limit: bytes that a file may have.
        credential: name of the credential to show, or "".
        texts: what to look for in the answers.
    """

    path: str
    field: str
    fields: Fields
    accepted: FileType
    limit: int
    credential: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """What was done with one file.

    Attributes:
        name: what file it was.
        size: its bytes.
        outcome: the answer, if there is one.
    """

    name: str
    size: int
    outcome: TrialOutcome | None


@fact(deadline=UPLOAD_SECONDS + 2 * REQUEST_SECONDS + 3 * CONNECT_SECONDS, exclusive=True, fact_class="active")
def uploads(url: Url, connection: Connection, *, ask: UploadTrial) -> tuple[Upload, ...]:
    """What is done with a script, with a file beyond the limit, and finally with a small file of the right type."""
    name, kind, content = _sample(ask.accepted)
    script = b"<?php echo 'readiness probe, not to be run'; ?>\n"
    sendings = (
        ("a PHP script", "readiness-probe.php", "application/x-httpd-php", script, 0),
        (f"a {ask.accepted} beyond the limit", name, kind, content, ask.limit + EXCESS - len(content)),
        (f"a small {ask.accepted}", name, kind, content, 0),
    )
    done = []
    with once(), open_session(url, connection, credential=ask.credential, once=True) as session:
        for said, file, kind, content, filler in sendings:
            boundary = uuid4().hex
            headers = [("Content-Type", f"multipart/form-data; boundary={boundary}")]
            body = _Multipart(boundary, ask, file, kind, content, filler)
            try:
                answer = session.send(
                    "POST",
                    on_host(url, ask.path),
                    headers=headers,
                    body=body,
                    seconds=UPLOAD_SECONDS if filler else None,
                )
                outcome = outcome_of(said, answer, ask.texts)
            except Broken:
                if not filler:
                    raise
                outcome = None
            done.append(Upload(said, len(content) + filler, outcome))
    return tuple(done)


class _Multipart(io.RawIOBase):
    """The body of an upload; the filling is never in memory as a whole."""

    def __init__(self, boundary: str, ask: UploadTrial, file: str, kind: str, content: bytes, filler: int) -> None:
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in ask.fields
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{ask.field}"; filename="{file}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        self._pieces: list[bytes | int] = [
            "".join(parts).encode() + content,
            filler,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
        self._length = sum(piece if isinstance(piece, int) else len(piece) for piece in self._pieces)
        self._at = 0

    def __len__(self) -> int:
        return self._length

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        left, found = size if size >= 0 else self._length, b""
        while left and self._pieces:
            first = self._pieces.pop(0)
            piece = bytes(min(first, left)) if isinstance(first, int) else first[:left]
            rest = first - len(piece) if isinstance(first, int) else first[len(piece) :]
            if rest:
                self._pieces.insert(0, rest)
            found, left = found + piece, left - len(piece)
        self._at += len(found)
        return found


def _sample(kind: FileType) -> tuple[str, str, bytes]:
    """Name, media type and content of a small file of that type; each stays valid when bytes follow."""
    if kind == "png":
        chunks = (
            (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(b"\0\0")),
            (b"IEND", b""),
        )
        packed = b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
        return "readiness-probe.png", "image/png", b"\x89PNG\r\n\x1a\n" + packed
    if kind == "pdf":
        page = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        return "readiness-probe.pdf", "application/pdf", page + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    text = b"readiness,probe\n1,2\n"
    return f"readiness-probe.{kind}", "text/csv" if kind == "csv" else "text/plain", text
