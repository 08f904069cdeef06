"""How long a search takes: ``python services/knowledge-svc/tests/measure_search.py [ENTRIES]``.

Entries are generated from a fixed seed; every search goes over HTTP routes, without the network.
"""

import asyncio
import random
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # this service's tests are no package of their own

import structlog

from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.migrations import migrate
from tests.conftest import OWNER, Knowledge, done, running_knowledge, with_units

_THINGS = (
    "身份证 户口簿 居住证 护照 驾驶证 社保卡 医保 公积金 公租房 廉租房 低保 养老金 失业金 路灯 井盖 自来水 燃气 供电 暖气 "
    "停车场 公交线路 出租车 网约车 共享单车 学位 幼儿园 营业执照 食品许可 卫生许可 噪音 油烟 垃圾清运 绿化 物业费 违章建筑 "
    "宅基地 土地确权 农机补贴 高龄津贴 残疾证 生育津贴 婚姻登记 公墓 宠物登记 消防通道 电梯维保"
)
_DOINGS = "办理 补领 注销 变更 申请 年审 报修 投诉 查询 缴费 退费 迁移 补贴 公示 收费标准 服务电话 受理条件 材料清单"
_PLACES = (
    "西秀区 平坝区 普定县 镇宁县 关岭县 紫云县 经开区 黄果树 东街街道 南华路 北街街道 龙宫镇 轿子山镇 宁谷镇"
)
_SAYINGS = (
    "请携带身份证原件和复印件到窗口办理。|工作日上午九时至十二时受理。|可以通过网上大厅提交申请。|材料齐全的当场办结。|"
    "逾期未办理的需要重新申请。|委托他人办理的应当提交委托书。|收费依据见公示栏。|不符合条件的书面告知理由。"
)
THINGS, DOINGS, PLACES = _THINGS.split(), _DOINGS.split(), _PLACES.split()
SAYINGS = _SAYINGS.split("|")
QUERIES = {
    "two characters": ["身份", "灯不", "宁谷", "迁移"],
    "a word": ["身份证", "停车场", "公积金", "营业执照"],
    "a question": [
        "身份证丢了怎么补办",
        "西秀区停车场收费标准是多少",
        "高龄津贴在哪里申请",
        "电梯坏了打什么电话",
    ],
    "a number": ["0851-33200042", "33200777", "12345"],
    "one character": ["证", "的", "路"],
    "nothing there": ["区块链挖矿", "量子"],
    "long": [
        "我想问一下西秀区东街街道的居民身份证和户口簿都丢失了应该先去哪里补领需要带什么材料多少钱几天可以拿到"
    ],
}


def entry(chance: random.Random, number: int) -> dict[str, Any]:
    place, thing, doing = chance.choice(PLACES), chance.choice(THINGS), chance.choice(DOINGS)
    body = "".join(chance.choices(SAYINGS, k=chance.randint(3, 12)))
    return {
        "title": f"{place}{thing}{doing}指南{number}",
        "kind": "guide",
        "body": f"{place}{thing}{doing}由{chance.choice(PLACES)}负责，电话0851-{33200000 + number}。{body}",
    }


async def fill(knowledge: Knowledge, count: int) -> float:
    chance = random.Random(12345)
    begun = perf_counter()
    for number in range(count):
        await knowledge.published(**entry(chance, number))
    async with knowledge.service.database.reading() as connection:
        await connection.execute("VACUUM ANALYZE")
    return (perf_counter() - begun) / count * 1000


async def measure(knowledge: Knowledge, queries: list[str], limit: int) -> tuple[list[float], int]:
    times, found = [], 0
    for turn in range(200):
        begun = perf_counter()
        items = await knowledge.search(queries[turn % len(queries)], limit=limit)
        times.append((perf_counter() - begun) * 1000)
        found = max(found, len(items))
    return times, found


async def main(count: int) -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        await server.start()
        try:
            await server.ensure_database("knowledge")
            await migrate(server.dsn("knowledge"), "knowledge_svc")
            async with running_knowledge(server.dsn("knowledge"), Path(folder)) as knowledge:
                await with_units(knowledge)
                each = await fill(knowledge, count)
                sys.stdout.write(f"{count} entries of {OWNER}, {each:.1f} ms to write and publish each\n")
                for what, queries in QUERIES.items():
                    times, found = await measure(knowledge, queries, 20)
                    p99 = quantiles(times, n=100)[98]
                    sys.stdout.write(
                        f"{what:15} p50 {median(times):6.1f} ms  p99 {p99:6.1f} ms  up to {found}\n"
                    )
                floor, _ = await measure(knowledge, ["，"], 20)
                sys.stdout.write(f"a query of no word, the way through alone: p50 {median(floor):.1f} ms\n")
                await done(knowledge.ask("GET", "/entries?limit=1"))
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
