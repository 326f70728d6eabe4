from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from mnemo_server.domain.budget import DAY_US, Plan, day_begins_at, day_of, estimate_tokens, name_day

NOON = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()) * 1_000_000

#: Texts, and how many tokens OpenAI's cl100k_base makes of them; the later o200k_base makes no more.
COUNTED = {
    "Our staging database is db-7, and it is rebuilt every Monday. Deploys need the VPN.": 21,
    "async def find(self, tenant_id: int) -> Row | None:\n    return self._rows.get(tenant_id)\n": 25,
    "ERROR [worker-12] /srv/app/models/user.py:313 E4711 0x7f69e4b92290": 28,
    "2026-11-24T21:44:07.512Z": 15,
    "sk-proj-aGVsbG8gd29ybGQgZnJvbSBhIGtleSB0aGF0IGlzIG5vbmU=": 35,
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": 43,
    "我们的测试数据库在每个星期一重建部署需要虚拟专用网络。": 24,
    "我們的測試資料庫在每個星期一重建部署需要虛擬專用網路。": 39,
    "ステージングのデータベースは毎週月曜日に再構築されます。": 30,
    "스테이징 데이터베이스는 매주 월요일에 재구축됩니다.": 28,
    "Тестовая база данных пересоздаётся каждый понедельник.": 22,
    "מסד הנתונים לבדיקות נבנה מחדש בכל יום שני.": 39,
    "Die Testdatenbank wird jeden Montag neu aufgebaut.": 14,
    "La base de données de test est reconstruite chaque lundi.": 14,
    "🎉🚀👩‍👩‍👧‍👦🇩🇪": 30,
}


def test_days_begin_at_midnight_utc():
    assert name_day(day_of(NOON)) == "2026-11-24"
    assert day_of(NOON + DAY_US // 2 - 1) == day_of(NOON)
    assert day_of(NOON + DAY_US // 2) == day_of(NOON) + 1
    assert day_begins_at(day_of(NOON) + 1) == datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prices", "tokens", "nanos"),
    [
        (("0", "0"), (1_000_000, 1_000_000), 0),
        (("0.15", "0.60"), (1_000_000, 0), 150_000_000),
        (("0.15", "0.60"), (0, 1_000_000), 600_000_000),
        (("0.15", "0.60"), (1, 1), 750),
        (("0.0375", "0"), (1, 0), 38),
        (("0.0375", "0"), (2, 0), 75),
        (("0.0000001", "0"), (1, 0), 1),
        (("75", "100000"), (2**31, 2**31), 2**31 * 100_075_000),
    ],
)
def test_a_call_costs_what_its_prices_say_rounded_up_to_a_billionth(prices, tokens, nanos: int):
    plan = Plan(None, *map(Decimal, prices))

    assert plan.cost_nanos(*tokens) == nanos


@pytest.mark.parametrize("text", COUNTED)
def test_an_estimate_is_above_the_count_and_not_far_above(text: str):
    assert COUNTED[text] <= estimate_tokens(text) <= 3 * COUNTED[text]


def test_an_estimate_grows_with_the_text():
    text = " ".join(COUNTED)

    estimates = [estimate_tokens(text[:end]) for end in range(len(text))]

    assert estimates[0] == 2
    assert all(later >= earlier - 1 for earlier, later in pairwise(estimates))


def test_spaces_and_line_ends_cost_as_runs():
    assert estimate_tokens("a b") == 4
    assert estimate_tokens("a" + " " * 500 + "b") == 5
    assert estimate_tokens("a\n\n\n\tb") == 6
