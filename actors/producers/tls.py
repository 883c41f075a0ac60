"""TLS for servers with outdated cipher suites."""

from __future__ import annotations

import ssl
from typing import Final

# Python's default suites, and RSA key exchange, the only one that the servers of Census support.
CIPHERS: Final = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!aDSS:!AESCCM:@SECLEVEL=2"


def with_rsa_key_exchange() -> ssl.SSLContext:
    """Return a context that also accepts servers without Diffie-Hellman. Certificates are verified as usual."""
    context = ssl.create_default_context()
    context.set_ciphers(CIPHERS)
    return context
