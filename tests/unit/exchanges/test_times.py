from __future__ import annotations

import pytest

from daedalus.exchanges.times import epoch_ns, rfc3339_ns


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_633_998_512_568, 1_633_998_512_568_000_000),
        (1_633_998_512_568_123, 1_633_998_512_568_123_000),
        (0, None),
        (-5, None),
        (99_999_999_999_999, None),
        (2**63, None),
    ],
)
def test_milliseconds_and_microseconds_are_told_apart_by_size(value: int, expected: int | None) -> None:
    assert epoch_ns(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-04-17T16:43:37.089723Z", 1_618_677_817_089_723_000),
        ("2025-12-31T06:00:12.516946132Z", 1_767_160_812_516_946_132),
        ("2025-12-31T06:00:12.5Z", 1_767_160_812_500_000_000),
        ("2025-12-31T06:00:12Z", 1_767_160_812_000_000_000),
        ("2025-12-31T06:00:12.5+00:00", 1_767_160_812_500_000_000),
        ("0001-01-01T00:00:00.000000Z", None),
        ("1970-01-01T00:00:00.000000Z", None),
        ("2025-12-31T06:00:12.5+02:00", None),
        ("2025-13-31T06:00:12.5Z", None),
        ("2025-12-31T06:00:12.x23456Z", None),
        ("9999-12-31T06:00:12.123456Z", None),
        ("", None),
    ],
)
def test_times_keep_all_nine_digits_and_what_is_no_time_is_none(text: str, expected: int | None) -> None:
    assert rfc3339_ns(text) == expected
