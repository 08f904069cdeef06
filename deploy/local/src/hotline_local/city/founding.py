"""What stands before anybody calls: units, the dispatch directory, a few entries of the knowledge base."""

from typing import Any

from hotline_local.city.cast import Cast
from hotline_local.city.registry import DIRECTORY_SINCE, read_table, the_city
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine


async def found_city(machine: Machine, client: GatewayClient, cast: Cast) -> None:
    """Put everything; what is there already stays as it is."""
    admin = cast.token("admin")
    for unit in the_city().units.values():
        body = {"code": unit.code, "name": unit.name, "group": unit.group}
        await client.put(f"/api/v1/units/{unit.code}", body, token=admin)
    for number, row in enumerate(the_city().directory):
        entry: dict[str, Any] = {
            "category": row.category,
            "area_code": row.area_code,
            "lead": row.lead,
            "supports": [],
            "effective_from": DIRECTORY_SINCE,
        }
        await client.post("/api/v1/directory", entry, token=admin, key=f"city-directory-{number}")
    await machine.drain()
    await _publish_knowledge(client, cast)


async def _publish_knowledge(client: GatewayClient, cast: Cast) -> None:
    """Each entry is written by its unit and approved by somebody else."""
    editor = cast.token("knowledge_editor")
    for number, words in enumerate(read_table("knowledge.toml")["entries"]):
        writer = cast.token("unit_handler", words["unit"])
        key = f"city-knowledge-{number}"
        path = "/api/v1/knowledge/entries"
        made = await client.post(path, words, token=writer, key=key)
        await client.post(f"{path}/{made['entry_id']}/submit", token=writer, key=f"{key}-submit")
        await client.post(f"{path}/{made['entry_id']}/approve", token=editor, key=f"{key}-approve")
