"""`daedalus simulate`: a simulated exchange on this machine, with faults on demand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import ExchangeArgument, symbol_list

if TYPE_CHECKING:
    from ..simulator import SimulatorOptions

__all__ = ["EXAMPLES", "simulate"]

EXAMPLES = (
    "daedalus simulate binance --port 9001 --rate 2000",
    "daedalus simulate binance --port 9001 --drop-after 5000 --skip-every 1000",
    "daedalus simulate coinbase_exchange --port 9001 --replay recording --speed 10",
)


def _loss(text: str, *, min: float | None = 1, metavar: str = "N") -> object:
    return typer.Option(help=text, rich_help_panel="Faults of messages", min=min, metavar=metavar)


def _ending(text: str, *, min: float = 0, metavar: str = "SECONDS") -> object:
    return typer.Option(help=text, rich_help_panel="Faults of connections", min=min, metavar=metavar)


def _refusal(text: str, *, min: float | None = None, metavar: str = "N") -> object:
    return typer.Option(help=text, rich_help_panel="Faults of REST", min=min, metavar=metavar)


MARKET, RECORDING = "Market", "Recording instead of a market"


def simulate(
    exchange: ExchangeArgument,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port on 127.0.0.1; 0: any free one.")
    ] = 9001,
    symbols: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Symbols, as the exchange spells them. [dim]Default: a few of its own[/]",
            rich_help_panel=MARKET,
        ),
    ] = "",
    rate: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="N",
            help="Events per second, of all symbols together; 0: as fast as clients read.",
            rich_help_panel=MARKET,
        ),
    ] = 100.0,
    seed: Annotated[
        int, typer.Option(metavar="N", help="The same seed gives the same market.", rich_help_panel=MARKET)
    ] = 1,
    depth: Annotated[
        int,
        typer.Option(
            min=16,
            metavar="N",
            help="Price levels per side of a book; 100,000 make snapshots of 4 MB.",
            rich_help_panel=MARKET,
        ),
    ] = 500,
    replay: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Play this recording; can be given several times.", rich_help_panel=RECORDING
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="FACTOR",
            help="Play it this many times as fast; 0: at once.",
            rich_help_panel=RECORDING,
        ),
    ] = 1.0,
    close_at_end: Annotated[
        bool,
        typer.Option(
            "--close-at-end",
            help="Close each connection after the last message of the recording.",
            rich_help_panel=RECORDING,
        ),
    ] = False,
    lose_every: Annotated[int | None, _loss("Lose every n-th message of a connection.")] = None,
    lose_for_all_every: Annotated[
        int | None, _loss("Lose every n-th message of a stream, on all connections.")
    ] = None,
    skip_every: Annotated[
        int | None, _loss("Leave every trade with an id divisible by N out of the stream.")
    ] = None,
    duplicate_every: Annotated[int | None, _loss("Send every n-th message twice.")] = None,
    swap_every: Annotated[int | None, _loss("Swap every n-th message with the next one.")] = None,
    garble_every: Annotated[int | None, _loss("After every n-th message, send one that is not JSON.")] = None,
    truncate_every: Annotated[int | None, _loss("After every n-th message, send half of it again.")] = None,
    mute: Annotated[
        list[str] | None,
        _loss(
            "Accept this subscription and never send its messages; * matches anything.",
            min=None,
            metavar="STREAM",
        ),
    ] = None,
    drop_after: Annotated[
        int | None, _ending("Break each connection after N messages.", min=1, metavar="N")
    ] = None,
    stall_after: Annotated[
        int | None, _ending("Let each connection fall silent after N messages.", min=1, metavar="N")
    ] = None,
    lifetime: Annotated[float | None, _ending("Close each connection at this age.")] = None,
    farewell_after: Annotated[
        float | None, _ending("Announce the end of each connection at this age.")
    ] = None,
    farewell_seconds: Annotated[float, _ending("Time from this announcement to the end.")] = 2.0,
    delay: Annotated[float, _ending("Send everything this much later.")] = 0.0,
    flood_seconds: Annotated[
        float | None, _ending("Collect messages for this long, and send them all at once.", min=0.001)
    ] = None,
    rest_status: Annotated[
        int | None, _refusal("Refuse REST requests with this status: 429 or 418.", metavar="STATUS")
    ] = None,
    rest_refusals: Annotated[int | None, _refusal("Refuse only the first N requests.", min=1)] = None,
    rest_seconds: Annotated[
        float | None, _refusal("Refuse only in this first time.", min=0, metavar="SECONDS")
    ] = None,
) -> None:
    """Simulate an exchange on 127.0.0.1, websocket and REST, with faults on demand.

    It makes up a market, always the same one for the same seed, or plays a recording.
    """
    import asyncio

    from ..simulator import Faults, SimulatorOptions

    options = SimulatorOptions(
        exchange=exchange,
        symbols=symbol_list(symbols, exchange),
        rate=rate,
        seed=seed,
        depth=depth,
        port=port,
        replay=tuple(replay or ()),
        speed=speed,
        close_at_end=close_at_end,
        faults=Faults(
            drop_after=drop_after,
            stall_after=stall_after,
            skip_every=skip_every,
            lifetime_seconds=lifetime,
            farewell_after=farewell_after,
            farewell_seconds=farewell_seconds,
            delay_seconds=delay,
            flood_seconds=flood_seconds,
            lose_every=lose_every,
            lose_for_all_every=lose_for_all_every,
            duplicate_every=duplicate_every,
            swap_every=swap_every,
            garble_every=garble_every,
            truncate_every=truncate_every,
            mute=tuple(mute or ()),
            rest_status=rest_status,
            rest_refusals=rest_refusals,
            rest_seconds=rest_seconds,
        ),
    )
    asyncio.run(_serve(options))


async def _serve(options: SimulatorOptions) -> None:
    import asyncio

    from ..simulator import serve
    from ..worker.signals import stop_signals

    stop = asyncio.Event()
    for each in stop_signals():
        asyncio.get_running_loop().add_signal_handler(each, stop.set)

    def ready(port: int) -> None:
        print(
            f"{options.exchange} is simulated on ws://127.0.0.1:{port} and http://127.0.0.1:{port}",
            flush=True,
        )

    await serve(options, stop=stop, ready=ready)
