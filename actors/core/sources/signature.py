"""Signatures of webhooks: one verifier for the schemes of all platforms, parametrised by a Scheme.

    raw body, headers, secret ──verify──▶ Proof (identity, time)     or Forgery: which check failed

A signature is computed over the raw bytes and compared in constant time. A request may have several (a platform that
changes its key signs with both). A malformed value is a Forgery, never an exception of a parser.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from actors.errors import BadInput, Refused

Header = Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,64}\Z")]
MAX_SIGNATURES: Final = 8
MAX_IDENTITY_CHARACTERS: Final = 120
_RSA_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of PKCS #1 v1.5


class Forgery(BadInput):
    """The signature is missing or wrong."""


class Scheme(Struct, frozen=True, forbid_unknown_fields=True):
    """How a platform signs its requests. Names of headers are in lower case.

    signature    the header with the signature; empty for `algorithm = "token"` with `field`
    field        `token` only: the field of the body that holds the token
    prefix       the text before the signature, for example "sha256="
    separator    between several signatures, or between a signature and its time
    encoding     of the signature
    algorithm    `token`: the signature is the secret itself
    signed       the signed text; {id} and {time} are those of the request, as they were written
    key          form of the secret: `text`; `base64` after `whsec_`; `pem`, a public RSA key
    id           the header with the identity of the delivery; the same for a repetition. Used only if it is signed: a
                 recorded request with another identity would be a new delivery
    time         the header with the time of the delivery; "t=" is a part of the signature (Stripe)
    tolerance_s  how old or how far in the future the time may be
    """

    signature: Header = ""
    field: str = ""
    prefix: str = ""
    separator: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    algorithm: Literal["sha256", "sha1", "md5", "rsa-sha256", "token"] = "sha256"
    signed: Literal["{body}", "{time}.{body}", "{id}{time}{body}", "{id}.{time}.{body}"] = "{body}"
    key: Literal["text", "base64", "pem"] = "text"
    id: Header = ""
    time: Annotated[str, Meta(pattern=r"^([a-z0-9-]{0,64}|t=)\Z")] = ""
    tolerance_s: Annotated[int, Meta(ge=1, le=86_400)] = 300


class Proof(Struct, frozen=True):
    """The signed properties of a delivery: its identity ("" if the platform gives none) and its time."""

    identity: str = ""
    time_ms: float | None = None


def verify(scheme: Scheme, headers: Mapping[str, str], body: bytes, secret: str, now_ms: float, fields: Any) -> Proof:
    """Verify a request and return its signed properties. `fields` is the decoded body, for a token in a field of it.

    Raises:
        Forgery: the signature is missing or wrong, or the time is too far from now.
        Refused: the secret has the wrong form.
    """
    if scheme.algorithm == "token":
        _verify_token(scheme, headers, secret, fields)
        return Proof(_identity(scheme, headers))
    found = headers.get(scheme.signature, "")
    if not found:
        raise Forgery(f"The header {scheme.signature} is missing; is the webhook's secret set at the platform?")
    parts = found.split(scheme.separator) if scheme.separator else [found]
    identity = _identity(scheme, headers)
    time_text = _time_text(scheme, headers, parts)
    message = _message(scheme, headers, time_text, body)
    proofs = [part.strip().removeprefix(scheme.prefix) for part in parts if part.strip().startswith(scheme.prefix)]
    check = _checker(scheme, secret, message)
    if not any(check(_decoded(proof, scheme.encoding)) for proof in proofs[:MAX_SIGNATURES]):
        raise Forgery(f"The signature in {scheme.signature} is wrong: is the secret the one of this webhook?")
    time_ms = _checked_time(scheme, time_text, now_ms) if scheme.time else None
    return Proof(identity if "{id}" in scheme.signed else "", time_ms)


def _verify_token(scheme: Scheme, headers: Mapping[str, str], secret: str, fields: Any) -> None:
    if scheme.field:
        offered = fields.get(scheme.field) if isinstance(fields, dict) else None
    else:
        offered = headers.get(scheme.signature, "").removeprefix(scheme.prefix)
    if not isinstance(offered, str) or not hmac.compare_digest(_bytes(offered), _bytes(secret)):
        raise Forgery(f"The token in {scheme.field or scheme.signature} is missing or wrong")


def _identity(scheme: Scheme, headers: Mapping[str, str]) -> str:
    if not scheme.id:
        return ""
    identity = headers.get(scheme.id, "")
    if not 0 < len(identity) <= MAX_IDENTITY_CHARACTERS or not identity.isascii() or not identity.isprintable():
        raise Forgery(f"Header {scheme.id}: expected 1 to {MAX_IDENTITY_CHARACTERS} characters of ASCII")
    return identity


def _time_text(scheme: Scheme, headers: Mapping[str, str], parts: list[str]) -> str:
    if scheme.time == "t=":
        return next((part.strip()[2:] for part in parts if part.strip().startswith("t=")), "")
    return headers.get(scheme.time, "")


def _message(scheme: Scheme, headers: Mapping[str, str], time_text: str, body: bytes) -> bytes:
    head = scheme.signed.removesuffix("{body}")
    return _bytes(head.replace("{id}", headers.get(scheme.id, "")).replace("{time}", time_text)) + body


def _checker(scheme: Scheme, secret: str, message: bytes) -> Callable[[bytes], bool]:
    if scheme.algorithm == "rsa-sha256":
        modulus, exponent = rsa_key(secret)
        return lambda proof: _rsa_holds(modulus, exponent, message, proof)
    key = _key(scheme.key, secret)
    expected = hmac.new(key, message, scheme.algorithm).digest()
    return lambda proof: hmac.compare_digest(proof, expected)


def _key(form: str, secret: str) -> bytes:
    if form == "text":
        return secret.encode()
    try:
        return base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("The secret has the wrong form; expected whsec_ and base64, as the platform shows it") from error


def _decoded(proof: str, encoding: str) -> bytes:
    try:
        return bytes.fromhex(proof) if encoding == "hex" else base64.b64decode(_bytes(proof), validate=True)
    except ValueError:  # binascii.Error is one
        return b""


def _checked_time(scheme: Scheme, text: str, now_ms: float) -> float:
    time_ms = _milliseconds(text)
    if time_ms is None:
        raise Forgery(f"The time of the delivery is {text[:40]!a}, expected seconds since 1970 or ISO 8601")
    off_s = (now_ms - time_ms) / 1000
    if abs(off_s) > scheme.tolerance_s:
        raise Forgery(
            f"The delivery was signed {abs(off_s):.0f} s {'ago' if off_s > 0 else 'in the future'}, expected at most "
            f"{scheme.tolerance_s} s: a repetition of an old one, or this machine's clock is wrong"
        )
    return time_ms


def _milliseconds(text: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,11}", text):
        return int(text) * 1000.0
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text[:40]))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000
    except (ValueError, OverflowError):
        return None


def _rsa_holds(modulus: int, exponent: int, message: bytes, proof: bytes) -> bool:
    """Verify RSASSA-PKCS1-v1_5 with SHA-256. The whole padded block is compared, which excludes forged padding."""
    size = (modulus.bit_length() + 7) // 8
    if len(proof) != size:
        return False
    tail = _RSA_SHA256 + hashlib.sha256(message).digest()
    block = b"\0\1" + b"\xff" * (size - 3 - len(tail)) + b"\0" + tail
    return hmac.compare_digest(pow(int.from_bytes(proof), exponent, modulus).to_bytes(size), block)


def rsa_key(pem: str) -> tuple[int, int]:
    """Return modulus and exponent of a public RSA key in PEM (SubjectPublicKeyInfo or PKCS #1).

    Raises:
        Refused: it is malformed, or shorter than 2,048 bits.
    """
    try:
        data = base64.b64decode(re.sub(r"-----[A-Z ]+-----|\s", "", pem), validate=True)
        content = _der(data, 0x30)[0]
        if content[:1] == b"\x30":  # an algorithm, and the key in a bit string
            bits = _der(_der(content, 0x30)[1], 0x03)[0]
            content = _der(bits[1:], 0x30)[0]
        modulus, rest = _der(content, 0x02)
        numbers = int.from_bytes(modulus), int.from_bytes(_der(rest, 0x02)[0])
    except (ValueError, IndexError) as error:
        raise Refused("The secret is not a public RSA key in PEM; expected -----BEGIN PUBLIC KEY-----") from error
    if not 2_048 <= numbers[0].bit_length() <= 16_384 or not 3 <= numbers[1] < 1 << 32:
        raise Refused(f"The RSA key has {numbers[0].bit_length()} bits, expected 2,048 to 16,384")
    return numbers


def _der(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of a DER element, and the bytes after it."""
    if data[0] != tag:
        raise ValueError(f"tag {data[0]}, expected {tag}")
    length, start = data[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:start])
    if start + length > len(data):
        raise ValueError("it is cut")
    return data[start : start + length], data[start + length :]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
