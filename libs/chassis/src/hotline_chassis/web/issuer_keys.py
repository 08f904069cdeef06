"""The public keys of the OIDC issuer, from its JWKS address or from a file of an air-gapped site."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import unquote, urlsplit

import httpx
import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from hotline_chassis.web.auth import IssuerKeysAway, Verifier

_log = structlog.get_logger(__name__)

LARGEST = 256 * 1024
FETCH_SECONDS = 5.0
REFRESH_SECONDS = 300.0
"""A key that the issuer withdrew is trusted no longer than this."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
_KINDS = frozenset({"EC", "OKP"})


class IssuerKeys:
    """Fetches a JWKS: bounded in size and time, no redirects; keys that sign nothing for us are left out.

    Args:
        url: ``https:``, ``http:`` (inside the cluster) or ``file:``.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    async def fetch(self) -> dict[str, Any]:
        """The present keys, at least one.

        Raises:
            IssuerKeysAway: no answer, or not a JWKS with a usable key.
        """
        try:
            raw = await self._read()
            document = orjson.loads(raw)
        except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as away:
            raise IssuerKeysAway(type(away).__name__) from away
        found = document.get("keys") if isinstance(document, dict) else None
        keys = [key for key in found if _signs(key)] if isinstance(found, list) else []
        if not keys:
            raise IssuerKeysAway("no usable key")
        return {"keys": keys}

    async def _read(self) -> bytes:
        address = urlsplit(self._url)
        if address.scheme == "file":
            return await asyncio.to_thread(_read_file, Path(unquote(address.path)))
        raw = bytearray()
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient(timeout=FETCH_SECONDS) as client,
            client.stream("GET", self._url) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise IssuerKeysAway(f"HTTP {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                raw += chunk
                if len(raw) > LARGEST:
                    raise IssuerKeysAway("too large")
        return bytes(raw)


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


def _signs(key: object) -> TypeGuard[Mapping[str, Any]]:
    if not isinstance(key, dict) or key.get("kty") not in _KINDS or key.get("use", "sig") != "sig":
        return False
    try:
        JWKRegistry.import_key(key)
    except (JoseError, ValueError, KeyError, TypeError):
        return False
    return isinstance(key.get("kid"), str)


async def keep_keys(verifier: Verifier, stop: asyncio.Event) -> None:
    """Refresh the verifier's keys until told to stop: soon while there are none, else every 5 minutes."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            await verifier.refresh()
            pause = REFRESH_SECONDS
        except IssuerKeysAway as away:
            _log.warning("issuer_keys.away", reason=str(away), known=verifier.has_keys)
            pause = min(pause * 2, LONGEST_PAUSE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
