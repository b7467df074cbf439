"""One list of instruments is not final: missing symbols are looked for again, and each answer is stored."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import RestRequest
from daedalus.ingest.journal import Journal
from daedalus.ingest.rest import instruments as instruments_module
from daedalus.ingest.rest.client import RestError
from daedalus.ingest.rest.instruments import Instruments
from daedalus.store import Layout
from daedalus.store.raw import RawRecord


def entry(symbol: str, **more: Any) -> dict[str, Any]:
    return {"symbol": symbol, "status": "TRADING", "baseAsset": "X", "quoteAsset": "USDT", **more}


def body(*entries: dict[str, Any] | str) -> bytes:
    return json.dumps(
        {"symbols": [entry(each) if isinstance(each, str) else each for each in entries]}
    ).encode()


class Listed:
    """Binance's list, answered as the test says, and what ingest stores of it."""

    def __init__(self, directory: Path, answers: list[bytes | Exception]) -> None:
        self.answers = answers
        self.asked = 0
        self.records: list[RawRecord] = []
        self.still: list[dict[str, str]] = []
        journal = Journal("c-rest", self.records.append)
        self.instruments = Instruments(EXCHANGES["binance"], self, journal, Layout(directory))  # type: ignore[arg-type]

    async def get(self, request: RestRequest) -> bytes:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def kept(self) -> list[bytes]:
        assert {(record.kind, record.channel) for record in self.records} <= {("instruments", "instruments")}
        return [record.payload for record in self.records]

    async def until_asked(self, times: int) -> None:
        running = asyncio.create_task(self.instruments.keep(self.still.append))
        try:
            async with asyncio.timeout(20):
                while self.asked < times:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.05)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments_module, "AGAIN_SECONDS", (0.01, 0.05))


async def test_a_symbol_that_is_not_listed_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    listed = Listed(tmp_path, [body("BTCUSDT", "ETHUSDT")])
    wrong = await listed.instruments.check(["BTCUSDT", "ETHUSDTT"])
    assert wrong == {"ETHUSDTT": "the exchange lists no ETHUSDTT (did you mean ETHUSDT?)"}


async def test_a_missing_symbol_is_waited_for_until_it_is_listed(tmp_path: Path) -> None:
    part, whole = body("LTCUSDT"), body("BTCUSDT", "LTCUSDT")
    listed = Listed(tmp_path, [part, part, part, whole])
    assert list(await listed.instruments.check(["BTCUSDT"])) == ["BTCUSDT"]
    await listed.until_asked(4)
    assert listed.still == [{}]
    assert listed.asked == 4, "nothing is asked for once nothing is missing"
    assert listed.kept == [part, whole]


async def test_a_bad_answer_while_a_symbol_is_waited_for_ends_nothing(tmp_path: Path) -> None:
    listed = Listed(tmp_path, [body("A"), b"<html>", RestError("cut off"), body(), body("A", "B"), body("C")])
    assert list(await listed.instruments.check(["A", "B", "C"])) == ["B", "C"]
    await listed.until_asked(6)
    assert [list(each) for each in listed.still] == [["C"], []]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"<html>maintenance</html>", "<html>maintenance</html>"),
        (b"", "nothing"),
        (b'{"code":-1000,"msg":"down"}', "down"),
        (RestError("http://x: HTTP 503"), "HTTP 503"),
    ],
)
async def test_without_a_list_all_symbols_are_recorded_and_the_reason_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: bytes | Exception, reason: str
) -> None:
    listed = Listed(tmp_path, [answer])
    assert await listed.instruments.check(["A"]) == {}
    assert reason in caplog.text
    assert listed.kept == ([answer] if isinstance(answer, bytes) else [])


async def test_a_list_that_takes_too_long_is_told_with_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruments_module, "START_SECONDS", 0.1)
    listed = Listed(tmp_path, [])
    monkeypatch.setattr(listed, "get", lambda _: asyncio.sleep(60))
    assert await listed.instruments.check(["A"]) == {}
    assert "no answer within 0 s" in caplog.text


async def test_what_is_bad_is_kept_once_a_day_and_a_good_list_after_it(tmp_path: Path) -> None:
    good = body("A")
    listed = Listed(tmp_path, [b"<html>1", b"<html>2", good])
    await listed.instruments.check(["A"])
    await listed.until_asked(3)
    assert listed.kept == [b"<html>1", good]


async def test_an_entry_that_cannot_be_read_does_not_leave_its_symbol_out(tmp_path: Path) -> None:
    odd = body(entry("BTCUSDT", baseAsset=None), "ETHUSDT")
    listed = Listed(tmp_path, [odd])
    assert list(await listed.instruments.check(["BTCUSDT", "ETHUSDT", "NEWUSDT"])) == ["NEWUSDT"]
    assert listed.kept == [odd]


async def test_an_empty_list_leaves_nothing_out(tmp_path: Path) -> None:
    assert await Listed(tmp_path, [body()]).instruments.check(["A"]) == {}
