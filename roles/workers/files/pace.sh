#!/bin/sh
# Slows down the restarts of a worker that keeps failing: the pause doubles with every failure, and is reset once the worker has
# run for a minute. systemd can do this since version 254 only, and never resets the pause.
#
#     pace.sh before LONGEST     ExecStartPre=: wait
#     pace.sh after              ExecStopPost=: note how it ended, from $SERVICE_RESULT
set -eu
failures=$RUNTIME_DIRECTORY/failures began=$RUNTIME_DIRECTORY/began
uptime() { cut -d. -f1 /proc/uptime; }
count=$(cat "$failures" 2>/dev/null || echo 0)

case $1 in
before)
    pause=0
    [ "$count" -le 1 ] || pause=$((1 << (count < 20 ? count - 1 : 19)))
    [ "$pause" -le "$2" ] || pause=$2
    [ "$pause" -eq 0 ] || { echo "failed $count times in a row: the next start is in $pause s"; sleep "$pause"; }
    uptime >"$began"
    ;;
after)
    ran=$(($(uptime) - $(cat "$began" 2>/dev/null || echo 0)))
    if [ "${SERVICE_RESULT:-}" = success ]; then
        rm -f "$failures"
    elif [ "$ran" -ge 60 ]; then
        echo 1 >"$failures"
    else
        echo $((count + 1)) >"$failures"
    fi
    ;;
esac
