from __future__ import annotations

from daedalus.ingest.counters import Counters, Meter, stats_line


def test_a_meter_reads_rates_since_its_last_reading() -> None:
    counters = Counters()
    meter = Meter(counters, now=0)
    counters.messages, counters.bytes = 500, 10_000
    assert meter.read(now=5).messages == 100
    counters.messages = 600
    rates = meter.read(now=6)
    assert (rates.messages, rates.bytes) == (100, 0)


def test_lags_are_quantiles_of_what_came_last() -> None:
    counters = Counters()
    counters.lags_ns.extend(range(0, 100_000_000, 1_000_000))
    rates = Meter(counters, 0).read(1)
    assert (rates.lag_p50_ns, rates.lag_p99_ns) == (50_000_000, 99_000_000)


def test_the_line_has_every_number_with_its_unit() -> None:
    counters = Counters()
    counters.messages, counters.bytes = 12_000, 3_400_000
    counters.lags_ns.append(4_200_000)
    figures: dict[str, float] = {
        "queue": 12, "buffers": 3, "segments": 4, "reconnects": 1, "gaps": 2, "rss_bytes": 91_200_000
    }  # fmt: skip
    line = stats_line("binance", Meter(Counters(), 0).read(1), figures, None)
    assert line.startswith("[binance] 0 msg/s")
    meter = Meter(counters, 0)
    counters.messages += 1000
    counters.bytes += 256_000
    assert stats_line("binance", meter.read(1), figures, "disk full") == (
        "[binance] 1,000 msg/s, 256.0 kB/s, queue 12, lag p50 4.2 ms p99 4.2 ms, buffers 3, segments 4, "
        "reconnects 1, gaps 2, RSS 91.2 MB, BLOCKED: disk full"
    )
