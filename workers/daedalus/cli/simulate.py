"""`daedalus simulate`: an exchange on this machine, with faults on demand."""

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


def _fault(text: str, *, min: float | None = None, metavar: str | None = None) -> object:
    return typer.Option(help=text, rich_help_panel="Faults", min=min, metavar=metavar)


def simulate(
    exchange: ExchangeArgument,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes any free one.")] = 9001,
    symbols: Annotated[
        str,
        typer.Option(metavar="A,B", help="As the exchange spells them. [dim]Without it: its usual ones[/]"),
    ] = "",
    rate: Annotated[
        float, typer.Option(min=0, help="Steps per second over all symbols; 0: as fast as clients read.")
    ] = 100.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 1,
    depth: Annotated[
        int, typer.Option(min=16, help="Price levels on each side of a book; 100000 make snapshots of 4 MB.")
    ] = 500,
    replay: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Play this recording instead of a market; may be given again."),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Play recordings so many times as fast; 0: at once.")
    ] = 1.0,
    close_at_end: Annotated[
        bool, typer.Option("--close-at-end", help="Close a connection behind the recording's last message.")
    ] = False,
    drop_after: Annotated[int | None, _fault("Break each connection after so many messages.", min=1)] = None,
    stall_after: Annotated[int | None, _fault("Fall silent on each connection after so many.", min=1)] = None,
    lose_every: Annotated[int | None, _fault("Lose each n-th message of a connection.", min=1)] = None,
    lose_for_all_every: Annotated[
        int | None, _fault("Lose each n-th message of a stream on all connections.", min=1)
    ] = None,
    skip_every: Annotated[int | None, _fault("Do not stream trades whose id divides by this.", min=1)] = None,
    duplicate_every: Annotated[int | None, _fault("Send each n-th message twice.", min=1)] = None,
    swap_every: Annotated[
        int | None, _fault("Send each n-th message behind the one after it.", min=1)
    ] = None,
    garble_every: Annotated[
        int | None, _fault("Send what is no JSON behind each n-th message.", min=1)
    ] = None,
    truncate_every: Annotated[int | None, _fault("Send half of it behind each n-th message.", min=1)] = None,
    mute: Annotated[
        list[str] | None,
        _fault("Acknowledge this stream and never deliver; * stands for anything.", metavar="STREAM"),
    ] = None,
    delay: Annotated[float, _fault("Say everything so many seconds late.", min=0)] = 0.0,
    flood_seconds: Annotated[
        float | None, _fault("Send what happens in so many seconds all at once.", min=0.001)
    ] = None,
    lifetime: Annotated[
        float | None, _fault("Close each connection when it is so many seconds old.", min=0)
    ] = None,
    farewell_after: Annotated[
        float | None, _fault("Announce the end of each connection after so many seconds.", min=0)
    ] = None,
    farewell_seconds: Annotated[float, _fault("The seconds between that notice and the end.", min=0)] = 2.0,
    rest_status: Annotated[int | None, _fault("Refuse REST requests with this status: 429 or 418.")] = None,
    rest_refusals: Annotated[int | None, _fault("Only the first so many.", min=1)] = None,
    rest_seconds: Annotated[float | None, _fault("Only for the first so many seconds.", min=0)] = None,
) -> None:
    """Be an exchange on 127.0.0.1: its websocket and REST, deterministic, with faults on demand."""
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
    from ..stopping import stop_signals

    stop = asyncio.Event()
    for each in stop_signals():
        asyncio.get_running_loop().add_signal_handler(each, stop.set)

    def ready(port: int) -> None:
        print(
            f"{options.exchange} is simulated on ws://127.0.0.1:{port} and http://127.0.0.1:{port}",
            flush=True,
        )

    await serve(options, stop=stop, ready=ready)
