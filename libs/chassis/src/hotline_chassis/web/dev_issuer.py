"""In dev mode the system is its own OIDC issuer: a key made at first start, tokens for the asking."""

import contextlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from hotline_chassis.clocks import SystemClock
from hotline_chassis.web.auth import AUDIENCE, Verifier, is_unit_code
from hotline_contracts.problems import InvalidInput
from hotline_contracts.values import DEFAULT_SITE, ROLES, UNIT_ROLES

ISSUER = "urn:hotline:dev"
KEY_FILE = "dev-issuer.json"
_HOUR = 3600


class DevIssuer:
    """Signs tokens with a P-256 key that is kept in ``keys_dir``, readable by its owner only."""

    def __init__(self, keys_dir: Path, system_clock: SystemClock, *, site: str = DEFAULT_SITE) -> None:
        self._key = _load_or_make(keys_dir / KEY_FILE)
        self._clock = system_clock
        self._site = site

    def jwks(self) -> dict[str, Any]:
        """The public keys, as an OIDC issuer would publish them."""
        return {"keys": [{**self._key.as_dict(private=False), "alg": "ES256", "use": "sig"}]}

    def verifier(self) -> Verifier:
        """A verifier that accepts this issuer's tokens."""
        return Verifier(self.jwks(), issuer=ISSUER, system_clock=self._clock)

    def issue(
        self,
        roles: Sequence[str],
        *,
        unit: str | None = None,
        channel: str | None = None,
        sub: str | None = None,
        hours: float = 24,
    ) -> str:
        """A token that is valid for ``hours`` of real time.

        Raises:
            InvalidInput: no role, an unknown role, or a unit role without a unit.
        """
        if not roles or not ROLES.issuperset(roles):
            raise InvalidInput.at("body", "/roles", "未知的角色。")
        if unit is None and UNIT_ROLES.intersection(roles):
            raise InvalidInput.at("body", "/unit", "承办单位的角色必须指明单位。")
        if unit is not None and not is_unit_code(unit):
            raise InvalidInput.at("body", "/unit", "不是有效的单位代码。")
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + int(hours * _HOUR),
            "jti": secrets.token_hex(8),
            "sub": sub or f"dev-{roles[0]}",
            "roles": list(roles),
            "unit": unit,
            "channel": channel,
            "site": self._site,
        }
        stated = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, stated, self._key, algorithms=["ES256"])


def _load_or_make(file: Path) -> ECKey:
    """The key of the file; of several processes that start at once, one makes it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)
        draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump(made, opened)
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
        draft.unlink()
    return ECKey.import_key(json.loads(file.read_text()))
