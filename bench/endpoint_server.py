"""HTTPS endpoints, each on a port of its own, whose every answer takes 100 ms.

`python -m bench.endpoint_server CERTIFICATE KEY NUMBER` writes their ports on one line and serves until its standard
input ends.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
from asyncio import StreamReader, StreamWriter
from contextlib import AsyncExitStack, suppress

LATENCY = 0.1
"""Seconds."""
BODY = b"<!doctype html><html lang=en><title>Shop</title><p>ready</html>"
HEADERS = (
    "Content-Type: text/html; charset=utf-8",
    "Server: shop",
    "Strict-Transport-Security: max-age=63072000; includeSubDomains; preload",
    "Content-Security-Policy: default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
    "X-Frame-Options: DENY",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: strict-origin-when-cross-origin",
    "Permissions-Policy: camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    "Set-Cookie: session=1; Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=3600",
)


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Serve one connection for as long as its client keeps it."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(LATENCY)
            status = "200 OK" if request.startswith(b"GET / ") else "404 Not Found"
            head = "\r\n".join([f"HTTP/1.1 {status}", *HEADERS, f"Content-Length: {len(BODY)}", "", ""])
            writer.write(head.encode() + BODY)
            await writer.drain()
    writer.close()


async def serve(certificate: str, key: str, number: int) -> None:
    """Serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=256)
            )
            for _ in range(number)
        ]
        print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
        threading.Thread(target=wait_for_end, daemon=True).start()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
