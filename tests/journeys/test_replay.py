"""2,816 real messages of real citizens through the whole system, and no verdict wrong."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

HOTLINE = Path(sys.executable).with_name("hotline")
MESSAGES = Path("..") / "shared" / "data" / "messages_with_replies.csv"
EXPECTED = Path("tests") / "fixtures" / "replay_expected.json"


async def hotline(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(HOTLINE), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.mark.timeout(600)
@pytest.mark.rule("T1")
@pytest.mark.rule("T3")
@pytest.mark.rule("T4")
@pytest.mark.rule("I4")
@pytest.mark.skipif(
    not MESSAGES.exists(), reason="the real messages (../shared) are not beside this checkout"
)
async def test_the_replay_agrees_in_all_25_figures_with_an_oracle_that_shares_no_code(tmp_path: Path) -> None:
    out = tmp_path / "replay.json"
    code, said = await hotline("replay", str(MESSAGES), "--data-dir", str(tmp_path), "--json", str(out))
    assert code == 0, said
    found = json.loads(out.read_text(encoding="utf-8"))
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert found["types"] == expected["types"]
    assert found["total"] == expected["total"]
    assert found["rows"] == expected["rows"]
    code, said = await hotline("audit", "--data-dir", str(tmp_path / "replay"))
    assert code == 0, said


async def test_a_file_that_is_no_replay_is_refused_with_its_line(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(
        "message_id,subject,created_at,body,replied_at\n1,路灯,2020-01-01,坏了,2020-01-02\n", "utf-8"
    )
    code, said = await hotline("replay", str(wrong), "--data-dir", str(tmp_path))
    assert code == 1
    assert "第 2 行" in said
