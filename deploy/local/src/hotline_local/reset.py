"""``hotline reset``: delete what ``up`` and ``replay`` made, unless a process runs on it."""

import shutil
from pathlib import Path

from hotline_chassis.embedded_postgres import EmbeddedPostgres

MADE_BY_US = ("postgres", "keys", "replay", "hotline.log", "bench.json")


async def delete_data(data_dir: Path) -> None:
    """Delete our own files and folders of a data directory; others stay.

    Raises:
        DataDirectoryInUse: a process runs on it.
    """
    for folder in (data_dir, data_dir / "replay"):
        if (folder / "postgres").exists():
            # Taking the lock also adopts and stops a server that a killed process left behind.
            postgres = EmbeddedPostgres(folder / "postgres")
            await postgres.start()
            await postgres.stop()
    for name in MADE_BY_US:
        path = data_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
