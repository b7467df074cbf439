#!/bin/sh
# Compares the kernel's settings with those of a file:
#
#     in_effect.sh look|apply FILE
#
# `apply` lets systemd read its files again if a value differs. Prints "applied NAME" for each value that has changed and
# "refused ..." for each that still differs. Settings that this kernel does not have are skipped: the - before a name allows that.
set -eu
mode=$1 file=$2
proc=${SYSCTL_PROC:-/proc/sys}

differing() {
    [ -f "$file" ] || return 0
    sed -n 's/^-\([^ =]*\) = \(.*\)$/\1 \2/p' "$file" | while read -r name wanted; do
        place="$proc/$(echo "$name" | tr . /)"
        [ -e "$place" ] || continue
        [ "$(tr -s '\t ' '  ' <"$place")" = "$wanted" ] || echo "$name"
    done
}

before=$(differing)
[ "$mode" = apply ] && [ -n "$before" ] || exit 0
systemctl restart systemd-sysctl.service
after=$(differing)
for name in $before; do
    case " $(echo $after) " in
    *" $name "*)
        echo "refused: $name is $(tr -s '\t ' '  ' <"$proc/$(echo "$name" | tr . /)") and not as in $file." \
            "Another file of sysctl.d may come later: systemd-analyze cat-config sysctl.d | grep $name"
        ;;
    *) echo "applied $name" ;;
    esac
done
