"""How WeChat and enterprise WeChat prove and hide what they post to us: signature, cipher, XML. Pure.

Sources: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html,
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html,
https://developer.work.weixin.qq.com/document/path/90968
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher as Machine
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

BLOCK: Final = 32  # bytes to which a plain text is filled up
RANDOM: Final = 16  # bytes that stand before it
KEY_LETTERS: Final = 43
MOST_FIELDS: Final = 200


class NotReadable(ValueError):
    """It is no XML of the agreed form, or nothing that was encrypted for us."""


def sign(*parts: str) -> str:
    """Return the signature over token, timestamp, nonce and, where there is one, the encrypted text: SHA-1, sorted."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Whether a signature is the one over these parts."""
    return hmac.compare_digest(given.encode(), sign(*parts).encode())


def key_of(text: str) -> bytes:
    """Return the AES key that an EncodingAESKey of 43 letters is. Raises ValueError."""
    try:
        key = base64.b64decode(f"{text}=", validate=True)
    except binascii.Error as error:
        raise ValueError("no EncodingAESKey") from error
    if len(text) != KEY_LETTERS or len(key) != BLOCK:
        raise ValueError("an EncodingAESKey has 43 letters")
    return key


def decrypt(text: str, *, key: bytes, receiver: str) -> bytes:
    """Return what was encrypted for the receiver: the app id of an account, or the id of an enterprise.

    Raises NotReadable, also where it was encrypted for somebody else.
    """
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotReadable("no base64") from error
    if not sealed or len(sealed) % BLOCK:
        raise NotReadable("not whole")
    machine = Machine(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = machine.update(sealed) + machine.finalize()
    fill = plain[-1]
    if not 1 <= fill <= BLOCK or plain[-fill:] != bytes([fill]) * fill:
        raise NotReadable("not filled up as agreed")
    plain = plain[:-fill]
    if len(plain) < RANDOM + 4:
        raise NotReadable("too short")
    (length,) = struct.unpack(">I", plain[RANDOM : RANDOM + 4])
    words, whose = plain[RANDOM + 4 : RANDOM + 4 + length], plain[RANDOM + 4 + length :]
    if len(words) != length or not hmac.compare_digest(whose, receiver.encode()):
        raise NotReadable("for somebody else")
    return words


def encrypt(words: bytes, *, key: bytes, receiver: str) -> str:
    """Return a text as `decrypt` reads it."""
    plain = os.urandom(RANDOM) + struct.pack(">I", len(words)) + words + receiver.encode()
    fill = BLOCK - len(plain) % BLOCK
    machine = Machine(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(machine.update(plain + bytes([fill]) * fill) + machine.finalize()).decode()


def read_xml(body: bytes) -> dict[str, str]:
    """Return the texts directly under the root, by name. Entities, documents types and outside parts are refused.

    Raises NotReadable.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotReadable("no XML that is read here") from error
    if root.tag != "xml" or len(root) > MOST_FIELDS:
        raise NotReadable("no message")
    return {child.tag: child.text or "" for child in root}
