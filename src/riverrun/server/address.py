"""Where and for whom the server answers: the socket, the keys, the origins."""

import errno
import ipaddress
import os
import socket
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from riverrun.errors import InputError

BACKLOG = 512  # connections that the system accepts before the server does


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Address:
    """Where and for whom the server answers.

    Attributes:
        without_key: answers everybody on an address that others can reach, without a key.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    key_file: str | None = None
    without_key: bool = False
    origins: Sequence[str] = field(default_factory=tuple)

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)

    def keys(self) -> list[bytes]:
        """The keys that are asked for; raises InputError."""
        if self.key_file is not None:
            return read_keys(self.key_file)
        if not (self.loopback or self.without_key):
            raise InputError(
                f"--host {self.host} can be reached from elsewhere: give --api-key-file FILE, "
                "or say --without-key if everybody may use it"
            )
        return []


def listen(address: Address) -> socket.socket:
    """A socket that listens; raises InputError with what stands in the way."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(_in_the_way(address, error)) from None
    listener.set_inheritable(True)
    return listener


def _in_the_way(address: Address, error: Exception) -> str:
    where = f"port {address.port} of {address.host}"
    if not isinstance(error, OSError):
        return f"--port {address.port}: give 0 (any that is free) to 65535"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use: another server runs there; choose another with --port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where} may not be opened by this user: choose one from 1024 on with --port"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"--host {address.host}: this machine has no such address"
    return f"{where} cannot be opened: {error.strerror}"


def read_keys(path: str) -> list[bytes]:
    """The keys in a file, one a line.

    Raises:
        InputError: it cannot be read, holds no key, or others than its owner can read it.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="ascii").split("\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: a key is made of ASCII characters") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"{path} can be read by others: chmod 600 {path}")
    keys = [line.strip() for line in lines if line.strip()]
    if not keys:
        raise InputError(f"{path} holds no key: write one a line")
    if any(not key.isprintable() or " " in key for key in keys):
        raise InputError(f"{path}: a key has no spaces and no control characters")
    return [key.encode() for key in keys]
