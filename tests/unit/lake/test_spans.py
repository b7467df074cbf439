"""Sets of ids as spans, against Python's own sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daedalus.lake.spans import Span, between, common, count, minus, union

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=12,
)


def numbers(found: list[Span]) -> set[int]:
    return {number for first, last in found for number in range(first, last + 1)}


@given(spans)
def test_a_union_has_every_number_once_and_counts_the_rest(some: list[Span]) -> None:
    merged, again = union(some)
    assert numbers(merged) == numbers(some)
    assert count(merged) == len(numbers(some))
    assert again == sum(last - first + 1 for first, last in some) - len(numbers(some))
    assert all(one[1] + 1 < after[0] for one, after in pairwise(merged))


@given(spans, spans)
def test_difference_and_intersection_are_those_of_sets(some: list[Span], others: list[Span]) -> None:
    one, other = union(some)[0], union(others)[0]
    assert numbers(minus(one, other)) == numbers(one) - numbers(other)
    assert numbers(common(one, other)) == numbers(one) & numbers(other)


@given(spans)
def test_gaps_are_what_lies_between(some: list[Span]) -> None:
    merged, _ = union(some)
    found = numbers(between(merged))
    inside = set(range(merged[0][0], merged[-1][1] + 1)) if merged else set()
    assert found == inside - numbers(merged)
