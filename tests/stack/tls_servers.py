"""HTTPS servers with little but their certificates."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from typing import Self

from tests.stack.certs import Certificate
from tests.stack.patience import patient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class TlsServers:
    """Many https servers, all in one thread; each connection has one more. Each answers everything alike."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._open: list[socket.socket] = []
        self._stop, self._stopped = socket.socketpair()
        self._selector.register(self._stopped, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()
        self._thread.join()
        for each in (*self._open, self._stopped):
            each.close()
        self._selector.close()

    def serve(
        self, shown: Certificate, by_ipv6: Certificate | None = None, answers: tuple[bytes, bytes] = (OK, OK)
    ) -> int:
        """Add a server, before `start`, on a free port of 127.0.0.1 and of ::1, which it returns.

        Args:
            shown: its certificate.
            by_ipv6: that on ::1, where it is another one.
            answers: on 127.0.0.1 and on ::1.
        """
        port = 0
        for host, certificate, answer in zip(("127.0.0.1", "::1"), (shown, by_ipv6 or shown), answers, strict=True):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.load_cert_chain(certificate.chain, certificate.key)
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server((host, port), family=family, backlog=16)
            port = listening.getsockname()[1]
            self._open.append(listening)
            self._selector.register(listening, selectors.EVENT_READ, (context, answer))
        return port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def _accept(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                assert isinstance(key.fileobj, socket.socket)
                connection, _ = key.fileobj.accept()
                threading.Thread(target=self._answer, args=(connection, *key.data), daemon=True).start()

    def _answer(self, connection: socket.socket, context: ssl.SSLContext, answer: bytes) -> None:
        try:
            connection.settimeout(patient(10))
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(4096)
                tls.sendall(answer)
        except OSError:
            connection.close()
