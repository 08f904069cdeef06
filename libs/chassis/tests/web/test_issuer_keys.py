"""The issuer's keys: fetched, bounded, waited for, and kept while it is away."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hotline_chassis.clocks import RealTime
from hotline_chassis.processes.ports import serving
from hotline_chassis.web.auth import IssuerKeysAway, Verifier
from hotline_chassis.web.dev_issuer import ISSUER, DevIssuer
from hotline_chassis.web.issuer_keys import LARGEST, IssuerKeys, keep_keys
from hotline_contracts.problems import Unauthenticated, Unavailable


@pytest.fixture
def issuer(tmp_path: Path) -> DevIssuer:
    return DevIssuer(tmp_path, RealTime())


class Issuer:
    """An issuer's JWKS, as a file that may be away."""

    def __init__(self, folder: Path, issuer: DevIssuer) -> None:
        self.asked = 0
        self._file = folder / "jwks.json"
        self._issuer = issuer
        self._keys = IssuerKeys(self._file.as_uri())

    def is_there(self) -> None:
        self._file.write_text(json.dumps(self._issuer.jwks()))

    def is_away(self) -> None:
        self._file.unlink(missing_ok=True)

    async def fetch(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        return await self._keys.fetch()

    def verifier(self) -> Verifier:
        return Verifier({"keys": []}, issuer=ISSUER, system_clock=RealTime(), fetch=self.fetch)


async def test_while_no_key_is_known_a_token_is_neither_good_nor_bad(
    tmp_path: Path, issuer: DevIssuer
) -> None:
    away = Issuer(tmp_path, issuer)
    verifier = away.verifier()
    with pytest.raises(Unavailable):
        await verifier.verify(issuer.issue(["agent"]))
    assert not verifier.has_keys


async def test_keys_that_were_known_serve_on_while_the_issuer_is_away(
    tmp_path: Path, issuer: DevIssuer
) -> None:
    source = Issuer(tmp_path, issuer)
    source.is_there()
    verifier = source.verifier()
    await verifier.refresh()
    source.is_away()
    with pytest.raises(IssuerKeysAway):
        await verifier.refresh()
    assert (await verifier.verify(issuer.issue(["agent"]))).roles == {"agent"}
    stranger = DevIssuer(tmp_path / "stranger", RealTime()).issue(["agent"])
    with pytest.raises(Unauthenticated):
        await verifier.verify(stranger)


async def test_many_tokens_of_a_new_key_cost_one_look_and_none_of_them_is_refused(
    tmp_path: Path, issuer: DevIssuer
) -> None:
    source = Issuer(tmp_path, issuer)
    source.is_there()
    verifier = source.verifier()
    tokens = [issuer.issue(["agent"], sub=f"agent-{number}") for number in range(20)]
    callers = await asyncio.gather(*(verifier.verify(token) for token in tokens))
    assert len({caller.sub for caller in callers}) == 20
    assert source.asked == 1


async def test_keys_are_asked_for_until_the_issuer_is_there(tmp_path: Path, issuer: DevIssuer) -> None:
    source = Issuer(tmp_path, issuer)
    verifier, stop = source.verifier(), asyncio.Event()
    keeping = asyncio.create_task(keep_keys(verifier, stop))
    async with asyncio.timeout(20):
        while not source.asked:  # noqa: ASYNC110 - the loop under test has no event
            await asyncio.sleep(0)
        source.is_there()
        while not verifier.has_keys:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0)
    stop.set()
    await keeping


async def test_keys_that_sign_nothing_for_us_are_left_out(tmp_path: Path, issuer: DevIssuer) -> None:
    good = issuer.jwks()["keys"][0]
    encrypting = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "e", "use": "enc"}
    other_kind = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "r"}
    broken = {"kty": "EC", "crv": "P-256", "x": "", "y": "", "kid": "b"}
    nameless = {name: value for name, value in good.items() if name != "kid"}
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [encrypting, other_kind, broken, nameless, "text", good]}))
    assert await IssuerKeys(file.as_uri()).fetch() == {"keys": [good]}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": {}}', '{"keys": []}', "no json"])
async def test_what_is_no_set_of_keys_counts_as_away(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(text)
    with pytest.raises(IssuerKeysAway):
        await IssuerKeys(file.as_uri()).fetch()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_keys_come_over_http_bounded_and_without_redirects(issuer: DevIssuer) -> None:
    async def keys(_: Request) -> Response:
        return Response(json.dumps(issuer.jwks()), media_type="application/json")

    async def endless(_: Request) -> Response:
        return Response(b" " * (LARGEST + 1))

    async def elsewhere(_: Request) -> Response:
        return Response(status_code=302, headers={"Location": "/keys"})

    routes = [Route("/keys", keys), Route("/endless", endless), Route("/elsewhere", elsewhere)]
    port = free_port()
    async with serving(Starlette(routes=routes), "127.0.0.1", port):
        base = f"http://127.0.0.1:{port}"
        assert await IssuerKeys(f"{base}/keys").fetch() == issuer.jwks()
        for path in ("/endless", "/elsewhere", "/none"):
            with pytest.raises(IssuerKeysAway):
                await IssuerKeys(base + path).fetch()
    with pytest.raises(IssuerKeysAway):
        await IssuerKeys(f"{base}/keys").fetch()
