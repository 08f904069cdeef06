"""Requesters' keys, lookup by phone, and fingerprints of bodies: all that needs the master keys."""

from uuid import UUID

import asyncpg

from hotline_chassis.crypto import DataKey, MasterKeys
from intake_svc.domain.masking import normalised_phone


class RequesterKeys:
    """Makes and opens requesters' keys. Source: rule H2."""

    def __init__(self, master_keys: MasterKeys) -> None:
        self._master_keys = master_keys

    def phone_hash(self, phone: str) -> bytes:
        """Equal for every spelling of one number."""
        return self._master_keys.lookup_hash("phone", normalised_phone(phone))

    def body_hash(self, fingerprint: bytes) -> bytes:
        """A body's fingerprint as it may be kept: without our key, guessing a phone does not find it."""
        return self._master_keys.lookup_hash("body", fingerprint.hex())

    def new(self, requester_id: UUID) -> DataKey:
        """A requester has one key, of the same id."""
        return self._master_keys.new_key(requester_id)

    def open(self, row: asyncpg.Record) -> DataKey:
        """The key of a row of ``requesters``."""
        return self._master_keys.unwrap(row["key_id"], row["master_key_id"], row["wrapped_key"])
