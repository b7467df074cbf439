"""The commands to try and to understand: an exchange that is simulated, messages that are explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Exchange, symbol_list

if TYPE_CHECKING:
    from ..simulator import SimulatorOptions

__all__ = ["decode", "simulate"]

FAULTS = "Faults"


def decode(
    exchange: Exchange,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="One message per line, gzipped or not; - is stdin.", allow_dash=True
        ),
    ] = Path("-"),
) -> None:
    """Print the table rows of recorded messages as JSON lines; say on stderr what gave none.

    A line is the time it came and the message: [bold]1618677817.06: {...}[/] in seconds,
    [bold]1723161253937085768 {...}[/] in ns, or [bold]{"recv_ns": ..., "payload": ...}[/].
    """
    from ..exchanges import VENUES
    from ..normalize.decode import decode_file

    decode_file(VENUES[exchange], None if file == Path("-") else file)


def simulate(
    exchange: Exchange,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes any free one.")] = 9001,
    symbols: Annotated[
        str,
        typer.Option(metavar="A,B", help="As the exchange spells them. [dim]Without it: its usual ones[/]"),
    ] = "",
    rate: Annotated[
        float, typer.Option(min=0, help="Steps per second over all symbols; 0: as fast as clients read.")
    ] = 100.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 1,
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
    drop_after: Annotated[
        int | None,
        typer.Option(min=1, help="Break each connection after so many messages.", rich_help_panel=FAULTS),
    ] = None,
    stall_after: Annotated[
        int | None,
        typer.Option(min=1, help="Fall silent on each connection after so many.", rich_help_panel=FAULTS),
    ] = None,
    skip_every: Annotated[
        int | None,
        typer.Option(min=1, help="Do not stream trades whose id divides by this.", rich_help_panel=FAULTS),
    ] = None,
) -> None:
    """Be an exchange on 127.0.0.1: its websocket and REST, deterministic, with faults on demand."""
    import asyncio

    from ..simulator import Faults, SimulatorOptions

    options = SimulatorOptions(
        exchange=exchange,
        symbols=symbol_list(symbols),
        rate=rate,
        seed=seed,
        port=port,
        replay=tuple(replay or ()),
        speed=speed,
        close_at_end=close_at_end,
        faults=Faults(drop_after=drop_after, stall_after=stall_after, skip_every=skip_every),
    )
    asyncio.run(_serve(options))


async def _serve(options: SimulatorOptions) -> None:
    import asyncio
    import signal

    from ..simulator import serve

    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)

    def ready(port: int) -> None:
        print(
            f"{options.exchange} is simulated on ws://127.0.0.1:{port} and http://127.0.0.1:{port}",
            flush=True,
        )

    await serve(options, stop=stop, ready=ready)
