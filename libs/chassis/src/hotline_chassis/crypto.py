"""Personal data at rest: a key per requester (AES-256-GCM), wrapped by the site's master key.

Deleting a requester's wrapped key makes every text sealed with it unreadable. Lookup by phone goes
through a keyed hash. Key files are made at first start, mode 0600, and never leave their folder.
Source: rule H2.
"""

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY = 32
_AFTER_ID = b":"


class Unreadable(Exception):
    """A sealed text does not open: another key, another context, or changed bytes."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """One requester's key, open in memory, with the wrapped form that may be stored and sent."""

    key_id: UUID
    master_key_id: str
    wrapped: bytes
    secret: bytes

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Nonce and ciphertext; ``context`` (where the text belongs) is authenticated, not stored."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, plaintext, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plaintext.

        Raises:
            Unreadable: sealed under another key or context, or altered.
        """
        return _open(self.secret, sealed, context)


class KeysMissing(Exception):
    """A key folder lacks a key, or a file in it is none: making a new one would lock the old texts for ever."""


class MasterKeys:
    """The site's master keys by id, one of them current, and the key of the lookup hash."""

    def __init__(self, keys: Mapping[str, bytes], current: str, lookup_key: bytes) -> None:
        self._keys = dict(keys)
        self._current = current
        self._lookup_key = lookup_key

    @classmethod
    def in_directory(cls, folder: Path) -> "MasterKeys":
        """Read ``master-<id>.key`` and ``lookup.key``; make the first ones where there are none."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lookup = _read_or_make(folder / "lookup.key")
        if not list(folder.glob("master-*.key")):
            _read_or_make(folder / "master-1.key")
        return cls._of(folder, lookup)

    @classmethod
    def given(cls, folder: Path) -> "MasterKeys":
        """Read the same files, all of 32 bytes, and make none: the site's operators keep them.

        Raises:
            KeysMissing: no lookup key, no master key, or a file that is no key.
        """
        files = [folder / "lookup.key", *sorted(folder.glob("master-*.key"))]
        if len(files) == 1:
            raise KeysMissing(f"{folder} holds no master-<id>.key")
        for file in files:
            if not file.is_file() or len(file.read_bytes()) != _KEY:
                raise KeysMissing(f"{file} is not a key of {_KEY} bytes")
        return cls._of(folder, files[0].read_bytes())

    @classmethod
    def _of(cls, folder: Path, lookup: bytes) -> "MasterKeys":
        keys = {path.stem.removeprefix("master-"): path.read_bytes() for path in folder.glob("master-*.key")}
        return cls(keys, max(keys, key=lambda name: (len(name), name)), lookup)

    def new_key(self, key_id: UUID) -> DataKey:
        """A fresh random key, wrapped under the current master key."""
        secret = secrets.token_bytes(_KEY)
        nonce = os.urandom(_NONCE)
        wrapped = nonce + AESGCM(self._keys[self._current]).encrypt(nonce, secret, str(key_id).encode())
        return DataKey(key_id, self._current, wrapped, secret)

    def unwrap(self, key_id: UUID, master_key_id: str, wrapped: bytes) -> DataKey:
        """Open a stored key.

        Raises:
            Unreadable: the master key is unknown, or the wrapped bytes are not this key's.
        """
        master = self._keys.get(master_key_id)
        if master is None:
            raise Unreadable(f"no master key {master_key_id}")
        return DataKey(key_id, master_key_id, wrapped, _open(master, wrapped, str(key_id)))

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Under the current master key itself, its id in front: for what belongs to no single requester."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._keys[self._current]).encrypt(nonce, plaintext, context.encode())
        return self._current.encode() + _AFTER_ID + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """What ``seal`` sealed.

        Raises:
            Unreadable: the master key is unknown, the context another one, or the bytes were altered.
        """
        key_id, _, rest = sealed.partition(_AFTER_ID)
        master = self._keys.get(key_id.decode(errors="replace"))
        if master is None:
            raise Unreadable("no such master key")
        return _open(master, rest, context)

    def lookup_hash(self, kind: str, value: str) -> bytes:
        """HMAC-SHA256 by which equal values (phones) are found without being readable."""
        return hmac.digest(self._lookup_key, f"{kind}\x1f{value}".encode(), "sha256")


def _open(secret: bytes, sealed: bytes, context: str) -> bytes:
    try:
        return AESGCM(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
    except (InvalidTag, ValueError) as wrong:
        raise Unreadable("the text does not open under this key") from wrong


def _read_or_make(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY))
    return path.read_bytes()
