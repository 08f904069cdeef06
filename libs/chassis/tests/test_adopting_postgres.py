"""Adopting a server that is dying while we ask it."""

import asyncio
import os
import tempfile
from pathlib import Path

from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.embedded_postgres.postmaster import Postmaster


async def test_a_server_killed_between_accept_and_answer_was_taken_for_one_that_fails(tmp_path: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    with tempfile.TemporaryDirectory() as socket_dir:
        dying = await asyncio.start_unix_server(cut, Path(socket_dir) / ".s.PGSQL.5432")
        server = EmbeddedPostgres(tmp_path)
        server._running = Postmaster(os.getpid(), Path(socket_dir), "ready")
        assert not await server._answers()
        dying.close()
        await dying.wait_closed()
