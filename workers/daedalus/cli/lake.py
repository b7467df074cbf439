"""The commands that read a lake back: what is complete, what a book was, two recorders' lakes as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .group import FAILED, complain
from .options import ConfigOption, Exchange, exchange_names, known_exchange
from .output import echo_json

if TYPE_CHECKING:
    from pathlib import Path

    from ..sync import SyncSettings

__all__ = ["audit", "book", "lake_app"]

_DATE = r"\d{4}-\d\d-\d\d"

Where = Annotated[
    str | None,
    typer.Argument(
        metavar="LAKE",
        help="A lake's URL or folder, or a data_dir. [dim]Without it: the configuration's sync.target[/]",
        show_default=False,
    ),
]


def _date(text: str | None) -> str | None:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"expected a day as YYYY-MM-DD, got {text!r}") from None


def _day_option(flag: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        flag, metavar="YYYY-MM-DD", help=text, callback=_date, show_default=False
    )
    return option


def audit(
    where: Where = None,
    since: Annotated[str | None, _day_option("--from", "The first day (UTC).")] = None,
    until: Annotated[str | None, _day_option("--to", "The last day (UTC).")] = None,
    exchange: Annotated[
        str | None,
        typer.Option(
            help="Only this exchange.",
            callback=known_exchange,
            autocompletion=exchange_names,
            show_default=False,
        ),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel.", show_default=False)] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Only this symbol, as the tables spell it.", show_default=False)
    ] = None,
    books: Annotated[
        bool, typer.Option("--books/--no-books", help="Rebuild books and compare their digests, or not.")
    ] = True,
    only_problems: Annotated[
        bool, typer.Option("--only-problems", help="Of streams only those with a loss, a fault or a doubt.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one object for machines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Prove what is complete in a lake, from its rows; and whether its ledger tells the truth.

    Exit code 1 where rows are missing that the ledger does not name, where rows are there twice or
    a book is not what it was, where a file is damaged, altered or has disappeared, and where nothing
    was found; 2 where an exchange, a channel or a symbol is unknown.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from ..lake.audit import Question, UnknownNameError, expected_bytes
    from ..lake.audit import audit as audited
    from ..lake.render import as_json, show_report
    from ..lake.source import open_lake
    from .screen import Screen

    question = Question(since, until, exchange, channel, symbol, books)
    lake = open_lake(_settings(where, config))
    errors = Screen(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        listing = lake.listing()
        task = bar.add_task("audit", total=expected_bytes(listing, question))
        try:
            report = audited(lake, question, listing=listing, progress=lambda size: bar.advance(task, size))
        except UnknownNameError as error:
            raise typer.BadParameter(str(error), param_hint=f"--{error.what}") from None
    if json:
        echo_json(as_json(report))
    else:
        show_report(Screen(), report, only_problems=only_problems)
    if not report.sound:
        raise typer.Exit(FAILED)


def book(
    exchange: Exchange,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As the tables spell it.")],
    at: Annotated[
        str,
        typer.Option(metavar="TIME", help="ISO 8601, down to ns; UTC where it names no zone."),
    ],
    depth: Annotated[int, typer.Option(min=1, help="How many levels of each side.")] = 10,
    where: Annotated[
        str | None,
        typer.Option(
            "--lake",
            metavar="LAKE",
            help="A URL or folder, or a data_dir. [dim]Without it: the configuration's sync.target[/]",
            show_default=False,
        ),
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="Where the exchange has several of books.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object for machines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show the order book of any moment, rebuilt from the lake.

    Exit code 1 where there is none that may be believed: updates are missing, or no snapshot came before.
    """
    import msgspec

    from ..exchanges import VENUES
    from ..lake.books import book_at, moment
    from ..lake.render import show_book
    from ..lake.source import open_lake
    from .screen import Screen

    try:
        at_ns = moment(at)
    except ValueError as error:
        text = f"{error}. Write 2026-11-23T12:00:00."
        raise typer.BadParameter(text, param_hint="--at") from None
    lake = open_lake(_settings(where, config))
    found = book_at(lake, exchange, VENUES[exchange].symbol(symbol), at_ns, channel=channel, depth=depth)
    if json:
        echo_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        show_book(Screen(), found)


def _settings(where: str | None, config: Path | None) -> SyncSettings:
    """Where the lake is, and the keys to it: the configuration's, where there is one."""
    import msgspec

    from ..config import ConfigError, load_config
    from ..sync import SyncSettings
    from .record import sync_settings

    try:
        settings = sync_settings(load_config(config), None)
    except ConfigError:
        if where is None or config is not None:
            raise
        settings = SyncSettings(target=where)
    return settings if where is None else msgspec.structs.replace(settings, target=where)


lake_app = typer.Typer(help="Work on whole lakes.", no_args_is_help=True)


@lake_app.command()
def merge(
    one: Annotated[
        str, typer.Argument(metavar="A", help="A recorder's lake: a URL or folder, or a data_dir.")
    ],
    other: Annotated[str, typer.Argument(metavar="B", help="Another's.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="Where the joined lake goes: a URL or a folder.")],
    config: ConfigOption = None,
) -> None:
    """Join the lakes of two recorders of the same channels into one stream.

    Each fills the other's holes; of what both have, the row that came first stays. The ledger of OUT has
    what both missed. Which of them is A does not matter, and doing it again changes nothing.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from ..lake.apart import refuse_overlap
    from ..lake.merge import merge as joined
    from ..lake.source import DamagedFileError, open_lake
    from ..sync import TargetError, TargetErrorKind, open_target
    from .screen import Screen

    sources = [_settings(each, config) for each in (one, other)]
    settings = _settings(out, config)
    first, second = (open_lake(each) for each in sources)
    refuse_overlap(sources, settings)
    target = open_target(settings)
    try:
        there = open_lake(settings).listing()
    except TargetError as error:
        if error.kind is not TargetErrorKind.BUCKET:
            raise
        there = None  # a folder that is yet to be made
    target.check()
    errors = Screen(stderr=True)
    columns = (TextColumn("joining"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        size = sum(file.size for lake in (first, second) for file in lake.listing().files)
        task = bar.add_task("merge", total=size)
        try:
            done = joined(first, second, target, there, progress=lambda read: bar.advance(task, read))
        except DamagedFileError as damage:
            complain(f"{damage}. Merge nothing damaged: audit both lakes first.")
            raise typer.Exit(FAILED) from None
    Screen().print(
        f"{target.url}: {done.files:,} files ({done.unchanged:,} unchanged), {done.rows:,} rows\n"
        f"holes that one fills for the other: {done.filled:,}, that both have: {done.missed:,}",
        soft_wrap=True,
    )
