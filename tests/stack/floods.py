"""Servers that let everybody in and never end what they say."""

from __future__ import annotations

import socket
import struct

from tests.stack.silent import SilentServer


class Flood(SilentServer):
    """Says something, and then one thing for ever.

    Args:
        first: said to everybody who connects.
        more: said after that, without end.
    """

    def __init__(self, first: bytes, more: bytes) -> None:
        super().__init__()
        self.first = first
        self.more = more

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.sendall(self.first)
        while not self._stopping.is_set():
            connection.sendall(self.more)


class PostgresFlood(SilentServer):
    """Lets everybody in, and answers the first question with one endless row, or with endless rows.

    Args:
        row: what is sent without end.
    """

    ROWS = b"D" + struct.pack("!Ihi", 65546, 1, 65536) + b"x" * 65536
    ROW = b"D" + struct.pack("!Ihi", 2**30 + 10, 1, 2**30) + b"x" * 65536

    def __init__(self, row: bytes) -> None:
        super().__init__()
        self.row = row

    def _serve(self, connection: socket.socket, number: int) -> None:
        messages = connection.makefile("rb")

        def hear() -> bytes:
            (length,) = struct.unpack("!I", messages.read(4))
            return messages.read(length - 4)

        hear()
        ready = b"Z" + struct.pack("!I", 5) + b"I"
        connection.sendall(b"R" + struct.pack("!II", 8, 0) + ready)
        while messages.read(1) == b"Q" and b"SELECT" not in (asked := hear()):
            tag = asked.partition(b" ")[0]
            connection.sendall(b"C" + struct.pack("!I", len(tag) + 5) + tag + b"\0" + ready)
        column = b"x\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0)
        connection.sendall(b"T" + struct.pack("!Ih", len(column) + 6, 1) + column)
        while not self._stopping.is_set():
            connection.sendall(self.row)
