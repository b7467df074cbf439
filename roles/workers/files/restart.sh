#!/bin/sh
# Restarts the given services one after the other, so that at most one exchange at a time is not being recorded:
#
#     restart.sh UNIT...
#
# A service that has failed for good is started again; one that its owner has stopped stays stopped. Ends with the journal of
# the first service that does not start.
set -eu
systemctl daemon-reload
for unit; do
    verb=try-restart
    # systemd starts a failed unit only after its failure was reset.
    if systemctl --quiet is-failed "$unit"; then systemctl reset-failed "$unit" && verb=start; fi
    systemctl "$verb" "$unit" || {
        echo "$unit does not start:" >&2
        journalctl --no-pager -n 20 -u "$unit" >&2
        exit 1
    }
done
