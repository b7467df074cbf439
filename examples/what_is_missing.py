"""List each day of a stream with a loss, and what is wrong with the lake itself.

python what_is_missing.py LAKE [FIRST_DAY [LAST_DAY]]
"""

import sys

import daedalus


def main(lake: str, since: str | None = None, until: str | None = None) -> int:
    report = daedalus.audit(lake, since=since, until=until)
    for day in report.streams:
        if not day.intact:
            lost = "?" if day.missing is None else day.missing
            print(f"{day.date} {day.exchange} {day.channel} {day.symbol}: {day.verdict}, missing {lost}")
    for finding in report.findings:
        print(f"{finding.kind}: {finding.where}: {finding.text}")
    print(f"audited {len(report.streams)} stream days in {report.files} files")
    return 0 if report.sound else 1


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(*sys.argv[1:]))
    except daedalus.DaedalusError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
