"""``hotline doctor``: can this machine run the system, and what is in the data directory?"""

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hotline_chassis.embedded_postgres import EmbeddedPostgres, PostgresDidNotStart

MIN_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One question and its answer."""

    what: str
    found: str
    fine: bool


async def examine(data_dir: Path) -> list[Finding]:
    """Ask all questions; starts a throw-away PostgreSQL to know that it starts."""
    return [
        Finding("Python", platform.python_version(), sys.version_info >= (3, 11)),
        _space(data_dir),
        await _postgres_starts(),
        await _kafka_possible(),
        _data(data_dir),
    ]


def _space(data_dir: Path) -> Finding:
    free = shutil.disk_usage(data_dir).free
    return Finding("磁盘剩余空间", f"{free / (1 << 30):.1f} GiB", free >= MIN_FREE_BYTES)


async def _postgres_starts() -> Finding:
    with tempfile.TemporaryDirectory(prefix="hotline-doctor-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres", extra_settings={"fsync": "off"})
        try:
            await postgres.start()
            await postgres.stop()
        except (PostgresDidNotStart, OSError) as refused:
            return Finding("内嵌 PostgreSQL", f"无法启动：{refused}", fine=False)
    return Finding("内嵌 PostgreSQL", "可以启动", fine=True)


async def _kafka_possible() -> Finding:
    java = shutil.which("java")
    if java is None:
        return Finding("真实 Kafka（可选）", "未安装 Java，make kafka 不可用", fine=True)
    process = await asyncio.create_subprocess_exec(
        java, "-version", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    first = said.decode(errors="replace").splitlines()[0] if said else "java"
    maven = "有 Maven" if shutil.which("mvn") else "未安装 Maven，make kafka 不可用"
    return Finding("真实 Kafka（可选）", f"{first}，{maven}", fine=True)


def _data(data_dir: Path) -> Finding:
    lock = data_dir / "postgres" / "lock"
    if not lock.exists():
        return Finding("数据目录", f"{data_dir} 中还没有数据", fine=os.access(data_dir, os.W_OK))
    return Finding("数据目录", f"{data_dir} 中已有数据", fine=os.access(data_dir, os.W_OK))
