"""Turn recorded messages, one a line on stdin, into CSV of one table on stdout.

python decode_to_csv.py EXCHANGE TABLE < messages.txt > trades.csv
"""

import csv
import sys
from collections import Counter

import daedalus


def main(exchange: str, table: str) -> None:
    skipped: Counter[str] = Counter()
    writer = None
    for row in daedalus.decode(exchange, sys.stdin, skipped=skipped):
        if row.pop("table") != table:
            skipped["other tables"] += 1
            continue
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row))
            writer.writeheader()
        writer.writerow(row)
    for why, count in skipped.items():
        print(f"gave no row: {count} {why}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        main(*sys.argv[1:])
    except daedalus.DaedalusError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
