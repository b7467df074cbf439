"""Log files lose no line when they are rotated, and hold no secret; nothing else does either."""

from __future__ import annotations

import re

from vm.appliance import Appliance
from vm.hooks import FOLDER, hook, unhook
from vm.surroundings import ALERT_WORD

COUNTING = f"""\
import logging, pathlib, threading, time
def count():
    log, number = logging.getLogger("daedalus.count"), 0
    while not logging.getLogger().handlers:
        time.sleep(0.1)
    while True:
        if pathlib.Path("{FOLDER}/count").exists():
            number += 1
            log.info("line %d", number)
        time.sleep(0.005)
threading.Thread(target=count, daemon=True).start()
"""
"""Logs a hundred lines and more per second beside what the worker says."""


def test_a_log_that_is_rotated_under_load_loses_no_line_and_has_none_twice(appliance: Appliance) -> None:
    unit = "daedalus-normalize.service"
    try:
        hook(appliance, unit, COUNTING)
        appliance.wait(lambda: appliance.show(unit, "ActiveState") == "active", "it to run")
        appliance.sh(
            f"touch {FOLDER}/count; for turn in 1 2 3 4 5 6; do sleep 5; "
            f"logrotate --force /etc/logrotate.d/daedalus; done; sleep 5; rm {FOLDER}/count; sleep 2"
        )
        files = appliance.sh("ls /var/log/daedalus/normalize.log*").split()
        assert len(files) >= 7, files
        text = appliance.sh(
            "cd /var/log/daedalus; zcat -f normalize.log-*.gz normalize.log-*[0-9] normalize.log"
        )
        numbers = [int(each) for each in re.findall(r" INFO count line (\d+)$", text, re.MULTILINE)]
        assert len(numbers) > 500
        assert sorted(numbers) == list(range(1, max(numbers) + 1))
        mode = appliance.sh("stat -c '%a %U %G' /var/log/daedalus/normalize.log")
        assert mode == "640 daedalus daedalus"
    finally:
        unhook(appliance, unit)


def test_secrets_are_in_no_log_unit_diff_process_list_or_file_that_others_may_read(
    appliance: Appliance,
) -> None:
    secrets = [appliance.around.about["s3"]["secret_key"], ALERT_WORD]
    done = appliance.play("site.yml", "--diff", "--tags", "workers", "-vv")
    for secret in secrets:
        assert secret not in done.stdout + done.stderr
        # From a file, so that the search itself is not what is found.
        appliance.sh("umask 077; cat >/root/wanted", given=secret)
        places = appliance.sh(
            "grep -rlsF -f /root/wanted /etc /home /opt/daedalus/current/bin /tmp /usr/local /var || true"
        )
        assert {path.rpartition("/")[0] for path in places.split()} == {"/etc/daedalus/credentials"}, places
        running = appliance.sh("grep -lsaF -f /root/wanted /proc/[0-9]*/cmdline /proc/[0-9]*/environ || true")
        assert running == "", running
        assert appliance.sh("journalctl --no-pager -o export | grep -caF -f /root/wanted || true") == "0"
        assert appliance.sh("systemctl show 'daedalus*' | grep -cF -f /root/wanted || true") == "0"
        open_to_all = "find /run -xdev -type f -perm /o+r -exec grep -lsF -f /root/wanted {} + || true"
        assert appliance.sh(open_to_all) == ""
    appliance.sh("rm /root/wanted")
