"""Rebuild an order book once a minute, and print the best prices and the spread in basis points.

python spread.py LAKE EXCHANGE SYMBOL FIRST_MINUTE HOW_MANY
"""

import sys
from datetime import datetime, timedelta

import daedalus


def main(where: str, exchange: str, symbol: str, first: str, count: str) -> None:
    lake = daedalus.open(where)
    begin = datetime.fromisoformat(first)  # UTC if it names no zone
    for minute in range(int(count)):
        at = begin + timedelta(minutes=minute)
        try:
            book = daedalus.book_at(lake, exchange, symbol, at, depth=1)
        except daedalus.NoBookError as error:
            print(f"{at:%H:%M}  {error}")  # a gap: no book is better than a wrong one
            continue
        if not book.bids or not book.asks:
            print(f"{at:%H:%M}  one side is empty")
            continue
        (bid, _), (ask, _) = book.bids[0], book.asks[0]
        print(f"{at:%H:%M}  bid {bid}  ask {ask}  spread {1e4 * (ask - bid) / bid:.2f} bp")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        main(*sys.argv[1:])
    except daedalus.DaedalusError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
