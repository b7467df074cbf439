"""`daedalus audit`: what is complete in a lake, and whether its ledger is true."""

from __future__ import annotations

from typing import Annotated

import typer

from .group import FAILED
from .options import ConfigOption, exchange_names, known_exchange
from .output import echo_json

__all__ = ["EXAMPLES", "audit"]

EXAMPLES = (
    "daedalus audit",
    "daedalus audit data --from 2026-11-01 --exchange binance",
    "daedalus audit s3://bucket/lake --json | jq '.findings'",
)

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
        bool, typer.Option("--books/--no-books", help="Whether to rebuild books and compare their digests.")
    ] = True,
    only_problems: Annotated[
        bool, typer.Option("--only-problems", help="Leave out streams without a loss, a fault or a doubt.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one object for machines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Prove from its rows what is complete in a lake, and whether its ledger is true.

    Exit code 1: rows are missing that the ledger does not name, rows are there twice, a book is not
    what it was, a file is damaged, altered or missing, or nothing was found. Exit code 2: an
    exchange, channel or symbol is unknown.
    """
    from ..lake import open_lake
    from ..lake.audit import Question, UnknownNameError, expected_bytes
    from ..lake.audit import audit as audited
    from ..lake.audit.render import as_json, show_report
    from .screen import Screen, byte_progress
    from .stores import lake_settings

    question = Question(since, until, exchange, channel, symbol, books)
    lake = open_lake(lake_settings(where, config))
    with byte_progress("reading") as bar:
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
