"""Who may call: tokens, roles, and what is wrong with everything else."""

import hmac
import json
import stat
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.web.auth import REFETCH_AFTER, REMEMBERED, Caller, Verifier
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.problems import InvalidInput, Unauthenticated
from hotline_contracts.values import ROLES

from .conftest import NOON, Sample, problem_of


class SystemTime(VirtualTime):
    """A system clock that a test moves."""

    def monotonic(self) -> float:
        return self.now().timestamp()

    def step(self, seconds: float) -> None:
        self.set(self.now() + timedelta(seconds=seconds))


KEY = ECKey.generate_key("P-256", {"kid": "one"})
NOW = int(NOON.timestamp())
CLAIMS = {"iss": "us", "aud": "hotline", "iat": NOW, "exp": NOW + 60, "sub": "zhang", "roles": ["agent"]}


def jwks(*keys: ECKey | OKPKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def signed(
    changes: Mapping[str, Any] | None = None, *, key: Any = KEY, alg: str = "ES256", kid: str = "one"
) -> str:
    claims = {name: value for name, value in {**CLAIMS, **(changes or {})}.items() if value is not ...}
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, algorithms=[alg])


@pytest.fixture
def clock() -> SystemTime:
    return SystemTime(NOON)


@pytest.fixture
def verifier(clock: SystemTime) -> Verifier:
    return Verifier(jwks(KEY), issuer="us", system_clock=clock)


async def test_a_token_names_its_caller(verifier: Verifier) -> None:
    token = signed(
        {"roles": ["unit_leader", "baker"], "unit": "520400-D01", "site": "5205", "channel": "110"}
    )
    caller = Caller("zhang", frozenset({"unit_leader"}), "520400-D01", "110", "5205")
    assert await verifier.verify(token) == caller
    assert await verifier.verify(token) == caller


async def test_a_token_ends_at_its_exp_also_when_it_is_remembered(
    verifier: Verifier, clock: SystemTime
) -> None:
    token = signed()
    clock.step(59.999)
    await verifier.verify(token)
    clock.step(0.001)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW},
    "no exp": {"exp": ...},
    "exp as text": {"exp": str(NOW + 60)},
    "exp as boolean": {"exp": True},
    "exp without end": {"exp": 10**400},
    "issued too far ahead": {"iat": NOW + 61},
    "no iat": {"iat": ...},
    "not yet valid": {"nbf": NOW + 61},
    "another issuer": {"iss": "them"},
    "no issuer": {"iss": ...},
    "another audience": {"aud": "other"},
    "other audiences": {"aud": ["other", "others"]},
    "no sub": {"sub": ...},
    "empty sub": {"sub": ""},
    "sub with a line break": {"sub": "a\nb"},
    "sub with nul": {"sub": "a\x00"},
    "sub as number": {"sub": 7},
    "no roles": {"roles": ...},
    "roles as text": {"roles": "admin"},
    "roles as numbers": {"roles": [[]]},
    "unit role without unit": {"roles": ["unit_handler"]},
    "unreadable unit": {"unit": "520400 D01"},
    "unit as number": {"unit": 7},
    "channel as list": {"channel": ["phone"]},
    "site as number": {"site": 5204},
}


@pytest.mark.parametrize("changes", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
async def test_bad_claims_are_refused(verifier: Verifier, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(signed(changes))


def part(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned() -> str:
    return f"{part({'alg': 'none'})}.{part(CLAIMS)}."


def tampered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part({**CLAIMS, 'roles': ['admin']})}.{signature}"


def confused() -> str:
    """Signed with HMAC, the public key as its secret."""
    message = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(CLAIMS)}"
    secret = KEY.as_pem(private=False)
    return f"{message}.{part(hmac.digest(secret, message.encode(), 'sha256'))}"


BAD_TOKENS = {
    "of another key": signed(key=ECKey.generate_key("P-256", {"kid": "one"})),
    "of a key we do not know": signed(key=ECKey.generate_key("P-256", {"kid": "two"}), kid="two"),
    "unsigned": unsigned(),
    "tampered": tampered(),
    "our public key as an HMAC secret": confused(),
    "nothing": "",
    "one part": "abc",
    "three empty parts": "..",
    "not base64": "a.b.c",
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_bad_tokens_are_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


async def test_the_skew_of_an_issuers_clock_is_forgiven_up_to_a_minute(verifier: Verifier) -> None:
    assert (await verifier.verify(signed({"iat": NOW + 60, "exp": NOW + 120}))).sub == "zhang"


async def test_ed25519_is_accepted_by_its_own_name(clock: SystemTime) -> None:
    key = OKPKey.generate_key("Ed25519", {"kid": "one"})
    verifier = Verifier(jwks(key), issuer="us", system_clock=clock)
    assert (await verifier.verify(signed(key=key, alg="Ed25519"))).sub == "zhang"


async def test_a_token_of_a_new_key_fetches_the_keys_once_in_a_while(clock: SystemTime) -> None:
    new = ECKey.generate_key("P-256", {"kid": "two"})
    fetched: list[float] = []
    published = [jwks(KEY), jwks(new)]

    async def fetch() -> dict[str, Any]:
        fetched.append(clock.monotonic())
        return published[min(len(fetched), 2) - 1]

    verifier = Verifier(jwks(KEY), issuer="us", system_clock=clock, fetch=fetch)
    token = signed(key=new, kid="two")
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)
    assert len(fetched) == 1
    clock.step(REFETCH_AFTER)
    await verifier.verify(token)
    assert len(fetched) == 2


async def test_tokens_of_a_withdrawn_key_end_with_it(verifier: Verifier) -> None:
    token = signed()
    await verifier.verify(token)
    verifier.use(jwks(ECKey.generate_key("P-256", {"kid": "two"})))
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


async def test_no_flood_of_tokens_grows_the_memory_without_bound(verifier: Verifier) -> None:
    token = signed()
    caller = await verifier.verify(token)
    for number in range(REMEMBERED + 1):
        verifier.remember(f"token {number}", NOW + 60, caller)
    assert verifier.remembered == REMEMBERED


HEADERS: dict[str, dict[str, str]] = {
    "none": {},
    "empty": {"authorization": ""},
    "no token": {"authorization": "Bearer "},
    "another scheme": {"authorization": "Basic YTpi"},
    "two tokens": {"authorization": "Bearer a b"},
    "not ascii": {"authorization": "Bearer é"},
    "too long": {"authorization": "Bearer " + "a" * 9000},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
async def test_a_call_without_a_token_is_a_401(sample: Sample, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await sample.client.get("/api/v1/items", headers=encoded)  # type: ignore[arg-type]
    problem_of(answer, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_scheme_is_read_in_any_case(sample: Sample) -> None:
    token = sample.token("auditor")["authorization"].removeprefix("Bearer ")
    answer = await sample.client.get("/api/v1/items", headers={"authorization": f"bearer  {token}"})
    assert answer.status_code == 200


async def test_a_missing_role_is_a_403_before_the_body_is_looked_at(sample: Sample) -> None:
    answer = await sample.client.post("/api/v1/items", content=b"[", headers=sample.token("auditor"))
    problem_of(answer, "forbidden")


async def test_a_missing_token_is_a_401_before_anything_else(sample: Sample) -> None:
    problem_of(await sample.client.post("/api/v1/items", content=b"["), "unauthenticated")


async def test_a_public_route_needs_no_token_and_heeds_none(sample: Sample) -> None:
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        assert (await sample.client.get("/api/v1/open", headers=headers)).json() == {"open": True}
    problem_of(await sample.client.get("/api/v1/who", headers=sample.token("admin")), "unauthenticated")


async def test_a_dev_token_is_good_for_24_hours_of_real_time(tmp_path: Path, clock: SystemTime) -> None:
    issuer = DevIssuer(tmp_path, clock, site="5205")
    verifier = issuer.verifier()
    token = issuer.issue(["unit_handler"], unit="520400-D01", channel="phone", sub="li")
    expected = Caller("li", frozenset({"unit_handler"}), "520400-D01", "phone", "5205")
    clock.step(24 * 3600 - 1)
    assert await verifier.verify(token) == expected
    clock.step(1)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


@pytest.mark.parametrize(
    ("roles", "unit", "pointer"),
    [
        ([], None, "/roles"),
        (["king"], None, "/roles"),
        (["agent", "king"], None, "/roles"),
        (["unit_leader"], None, "/unit"),
        (["agent"], "a b", "/unit"),
    ],
)
def test_no_dev_token_for_an_unknown_role_or_a_unit_role_without_unit(
    tmp_path: Path, roles: list[str], unit: str | None, pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        DevIssuer(tmp_path, RealTime()).issue(roles, unit=unit)
    assert refused.value.extra["errors"][0]["pointer"] == pointer


async def test_every_role_can_have_a_dev_token(tmp_path: Path) -> None:
    issuer = DevIssuer(tmp_path, RealTime())
    verifier = issuer.verifier()
    for role in ROLES:
        assert (await verifier.verify(issuer.issue([role], unit="520402"))).roles == {role}


async def test_the_dev_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "new folder" / "keys"
    with ThreadPoolExecutor(8) as pool:
        issuers = list(pool.map(lambda _: DevIssuer(folder, RealTime()), range(8)))
    verifier = DevIssuer(folder, RealTime()).verifier()
    for issuer in issuers:
        await verifier.verify(issuer.issue(["agent"]))
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]
    assert issuer.issue(["agent"]) not in str(issuer.jwks())
    assert "d" not in issuer.jwks()["keys"][0]
