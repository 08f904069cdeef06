"""Who calls: JWTs verified by each service itself, against a JWKS and the system clock."""

import asyncio
import contextlib
import json
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import TypeAdapter, ValidationError
from starlette.types import Scope

from hotline_chassis.clocks import SystemClock
from hotline_contracts.problems import Unauthenticated, Unavailable
from hotline_contracts.values import DEFAULT_SITE, ROLES, UNIT_ROLES, UnitCode

ALGORITHMS = ("ES256", "Ed25519")
AUDIENCE = "hotline"
CLOCK_SKEW = 60
"""Seconds that an issuer's clock may be ahead of ours; nothing is added to ``exp``."""
LONGEST_TOKEN = 8192
REMEMBERED = 4096
REFETCH_AFTER = 30.0
"""Seconds between two looks at the issuer's keys for a key we do not know."""

_UNIT = TypeAdapter[str](UnitCode)


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or program behind a request.

    Attributes:
        unit: code of the unit the caller acts for (it and its subtree), for unit roles.
        channel: the one channel a ``channel_client`` posts on.
    """

    sub: str
    roles: frozenset[str]
    unit: str | None = None
    channel: str | None = None
    site: str = DEFAULT_SITE


def unauthenticated() -> Unauthenticated:
    """One answer for every fault of a token: a guesser learns nothing from it."""
    return Unauthenticated("请提供有效的访问令牌。")


def bearer_token(scope: Scope) -> str:
    """The token of the ``Authorization`` header.

    Raises:
        Unauthenticated: there is none, or it is not a bearer token.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            token = token.strip()
            if scheme.lower() == b"bearer" and token.isascii() and 0 < len(token) <= LONGEST_TOKEN:
                return str(token, "ascii")
            break
    raise unauthenticated()


class IssuerKeysAway(Exception):
    """The issuer's keys cannot be had now."""


class Verifier:
    """Verifies tokens of one issuer and remembers the ones it has seen, until they expire.

    Args:
        jwks: the issuer's public keys.
        issuer: required ``iss``.
        system_clock: tokens live in real time, whatever the business clock says.
        fetch: gets the issuer's present JWKS when a token names a key we do not know (or raises
            ``IssuerKeysAway``).
    """

    def __init__(
        self,
        jwks: Mapping[str, Any],
        *,
        issuer: str,
        system_clock: SystemClock,
        audience: str = AUDIENCE,
        algorithms: Sequence[str] = ALGORITHMS,
        fetch: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._algorithms = list(algorithms)
        self._clock = system_clock
        self._fetch = fetch
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()
        self._used: list[Any] | None = None
        self._seen: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self.use(jwks)

    def use(self, jwks: Mapping[str, Any]) -> None:
        """Take these keys from now on; tokens of keys that are gone are verified (and fail) anew."""
        keys = list(jwks["keys"])
        if keys == self._used:
            return
        self._used = keys
        self._keys = KeySet.import_key_set({"keys": keys}) if keys else KeySet([])
        self._seen.clear()

    async def verify(self, token: str) -> Caller:
        """The caller a token speaks for. Expired is ``exp`` at or before now.

        Raises:
            Unauthenticated: for whatever is wrong with it.
            Unavailable: no key of the issuer is known yet.
        """
        now = self._clock.now().timestamp()
        seen = self._seen.get(token)
        if seen is not None:
            if now >= seen[0]:
                del self._seen[token]
                raise unauthenticated()
            return seen[1]
        await self._learn_key_of(token)
        expires_at, caller = self._read(token, now)
        self.remember(token, expires_at, caller)
        return caller

    def remember(self, token: str, expires_at: float, caller: Caller) -> None:
        """Trust ``token`` until ``expires_at`` (POSIX seconds) without looking at it again."""
        self._seen[token] = (expires_at, caller)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    @property
    def remembered(self) -> int:
        return len(self._seen)

    @property
    def has_keys(self) -> bool:
        return bool(self._keys.keys)

    async def refresh(self) -> None:
        """Take the issuer's present keys; whoever asks for an unknown key meanwhile waits for them.

        Raises:
            IssuerKeysAway: the keys that were known stay.
        """
        if self._fetch is not None:
            async with self._fetching:
                self._fetched_at = self._clock.monotonic()
                self.use(await self._fetch())

    async def _learn_key_of(self, token: str) -> None:
        if self._fetch is None or self._knows_key_of(token):
            return
        async with self._fetching:
            now = self._clock.monotonic()
            recent = self._fetched_at is not None and now - self._fetched_at < REFETCH_AFTER
            if not recent and not self._knows_key_of(token):
                self._fetched_at = now
                with contextlib.suppress(IssuerKeysAway):
                    self.use(await self._fetch())
        if not self.has_keys:
            raise Unavailable("暂时无法核验访问令牌，请稍后再试。")

    def _knows_key_of(self, token: str) -> bool:
        return _key_id(token) in {key.kid for key in self._keys.keys}

    def _read(self, token: str, now: float) -> tuple[float, Caller]:
        try:
            claims = jwt.decode(token, self._keys, algorithms=self._algorithms).claims
            self._check_times(claims, now)
            return float(claims["exp"]), self._caller(claims)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError):
            raise unauthenticated() from None

    def _check_times(self, claims: Mapping[str, Any], now: float) -> None:
        audience = claims["aud"]
        audiences = audience if isinstance(audience, list) else [audience]
        latest = max(_number(claims["iat"]), _number(claims.get("nbf", 0)))
        if claims["iss"] != self._issuer or self._audience not in audiences:
            raise ValueError("not from our issuer, or not for us")
        if now >= _number(claims["exp"]) or latest > now + CLOCK_SKEW:
            raise ValueError("expired, or not yet valid")

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        roles = frozenset(claims["roles"]) & ROLES
        sub, unit, channel = claims["sub"], claims.get("unit"), claims.get("channel")
        site = claims.get("site", DEFAULT_SITE)
        if not isinstance(claims["roles"], list) or not _short_text(sub) or not _short_text(site):
            raise ValueError("unreadable claims")
        if not is_unit_code(unit) and (unit is not None or roles & UNIT_ROLES):
            raise ValueError("an unreadable unit, or a unit role without one")
        if channel is not None and not _short_text(channel):
            raise ValueError("unreadable channel")
        return Caller(sub, roles, unit, channel, site)


def is_unit_code(unit: object) -> bool:
    try:
        _UNIT.validate_python(unit, strict=True)
    except ValidationError:
        return False
    return True


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("an instant in a token is a number")
    return float(value)


def _short_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()  # noqa: PLR2004


def _key_id(token: str) -> str | None:
    try:
        head = token.partition(".")[0]
        found = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
