"""Every exchange's samples, and how a test asks for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.exchange_samples import Samples, samples_of

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Header

SAMPLES: dict[str, Samples] = {name: found for name in EXCHANGES if (found := samples_of(name))}
EACH = pytest.mark.parametrize("name", SAMPLES)


def each_of(what: str) -> pytest.MarkDecorator:
    """Every sample of this kind, of every exchange."""
    return pytest.mark.parametrize(
        ("name", "sample"),
        [
            pytest.param(name, sample, id=f"{name}-{number}")
            for name, samples in SAMPLES.items()
            for number, sample in enumerate(getattr(samples, what))
        ],
    )


def opened(name: str) -> Callable[[bytes], Header]:
    """What reads the messages of a connection on which the sampled channels were subscribed to."""
    read = EXCHANGES[name].messages.reader()
    for payload in SAMPLES[name].opening:
        read(payload)
    return read
