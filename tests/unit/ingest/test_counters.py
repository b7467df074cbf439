from __future__ import annotations

from daedalus.ingest.counters import Counters, Meter


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
