"""Sealed text: phone, document and account numbers as they are stored.

Three columns per field: `<x>_sealed` (ciphertext), `<x>_hash` (keyed digest: equality, uniqueness, joins and search use
it) and `<x>_last4` (what a masked screen shows). Keys come from settings.SEALED_KEYS (key id -> base64 of 32 bytes, the
first is the current one) and settings.SEALED_HMAC_KEY (base64 of 32 bytes).
"""

import base64
import binascii
import hashlib
import os
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION: Final = 1
_NONCE: Final = 12  # bytes; random, so one key seals at most 2**32 texts (NIST SP 800-38D, 8.3)
_TAG: Final = 16
_HASHED: Final = 64  # bytes that SHA-256 takes at once


class BadKey(ValueError):
    """A sealing key in the settings is missing, is no base64, or is not 32 bytes long."""


class BrokenSeal(ValueError):
    """The bytes were not sealed here, were altered, or their key is gone."""


def seal(text: str) -> bytes:
    """Return the text encrypted with AES-256-GCM under the current key. Sealing the same text twice differs.

    Layout: version, length of the key id, key id, nonce, ciphertext with its tag; what precedes the nonce is
    authenticated.
    """
    key_id, key = next(iter(settings.SEALED_KEYS.items()), ("", ""))
    header, cipher = _header(key_id), _cipher(key)
    nonce = os.urandom(_NONCE)
    return header + nonce + cipher.encrypt(nonce, text.encode(), header)


def unseal(sealed: bytes | memoryview) -> str:
    """Return the text that was sealed, with whichever key sealed it. Raises BrokenSeal."""
    box = bytes(sealed)
    if len(box) < 2 or box[0] != _VERSION or len(box) < 2 + box[1] + _NONCE + _TAG:
        raise BrokenSeal("these bytes are not sealed text")
    start = 2 + box[1]
    key = settings.SEALED_KEYS.get(box[2:start].decode("ascii", "replace"))
    if key is None:
        raise BrokenSeal("the key that sealed this text is not in the settings")
    try:
        return _cipher(key).decrypt(box[start : start + _NONCE], box[start + _NONCE :], box[:start]).decode()
    except InvalidTag:
        raise BrokenSeal("the sealed text was altered, or another key sealed it") from None


def digest(kind: str, canonical_text: str) -> bytes:
    """Return 32 bytes that are equal for equal texts of one kind and tell nothing without the key (HMAC-SHA256).

    kind: what the text is ("phone", "document", "account"), so that equal digits of two kinds do not match.
    canonical_text: the one agreed spelling (E.164 for a phone); this function changes nothing about it.
    """
    if not kind or "\0" in kind:
        raise ValueError("a digest has a kind")
    begun, end = _hmac(settings.SEALED_HMAC_KEY, kind)
    inner, outer = begun.copy(), end.copy()
    inner.update(canonical_text.encode())
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


def last4(text: str) -> str:
    """Return the last four letters or digits; nothing of a text with four or fewer, which they would give away."""
    if len(text) > 4 and text[-5:].isalnum():
        return text[-4:]
    plain = [letter for letter in text if letter.isalnum()]
    return "".join(plain[-4:]) if len(plain) > 4 else ""


@lru_cache(maxsize=32)
def _header(key_id: str) -> bytes:
    name = key_id.encode("ascii")
    if not 1 <= len(name) <= 32:
        raise BadKey("a sealing key has a name of 1 to 32 ASCII characters; settings.SEALED_KEYS is empty or odd")
    return bytes((_VERSION, len(name))) + name


@lru_cache(maxsize=64)
def _hmac(encoded: str, kind: str) -> tuple[Any, Any]:
    """Return the two hashes of HMAC-SHA256 (RFC 2104), begun with the key and the kind: each text then costs a copy."""
    key = _key(encoded).ljust(_HASHED, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in key)) for pad in (0x36, 0x5C))
    inner.update(f"{kind}\0".encode())
    return inner, outer


@lru_cache(maxsize=32)
def _cipher(key: str) -> AESGCM:
    return AESGCM(_key(key))


@lru_cache(maxsize=32)
def _key(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise BadKey("a sealing key is base64") from None
    if len(key) != 32:
        raise BadKey(f"a sealing key is 32 bytes long, not {len(key)}")
    return key
