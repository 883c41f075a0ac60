"""TLS for servers that are behind the times."""

from __future__ import annotations

import ssl
from typing import Final

# What Python offers by itself, and RSA key exchange, which it does not: the servers of Census know nothing else.
CIPHERS: Final = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!aDSS:!AESCCM:@SECLEVEL=2"


def with_rsa_key_exchange() -> ssl.SSLContext:
    """Return a context that also talks to servers without Diffie-Hellman. Certificates are verified as ever."""
    context = ssl.create_default_context()
    context.set_ciphers(CIPHERS)
    return context
