from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def test_every_kernel_setting_stands_below_its_reason(role: Any, tmp_path: Path) -> None:
    role("sysctl", sysctl_root=str(tmp_path))
    text = (tmp_path / "etc/sysctl.d/90-daedalus.conf").read_text()
    settings = re.findall(r"^# \S.*\n-(\S+) = (\S.*)$", text, re.MULTILINE)
    assert ("vm.swappiness", "10") in settings
    assert ("fs.file-max", "65535") in settings
    assert len(settings) == text.count(" = ")
    assert role("sysctl", sysctl_root=str(tmp_path))["changed"] == 0


def test_log_files_are_renamed_and_not_copied(role: Any, tmp_path: Path) -> None:
    role("logrotate", logrotate_root=str(tmp_path))
    text = (tmp_path / "etc/logrotate.d/daedalus").read_text()
    assert "/var/log/daedalus/*.log {" in text
    assert "copytruncate" not in text
    assert "delaycompress" in text
    timer = (tmp_path / "etc/systemd/system/logrotate.timer.d/90-daedalus.conf").read_text()
    assert timer.endswith("[Timer]\nOnCalendar=\nOnCalendar=hourly\n")
    assert role("logrotate", logrotate_root=str(tmp_path))["changed"] == 0
