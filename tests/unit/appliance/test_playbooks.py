"""The playbooks as Ansible and its linter read them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
PLAYBOOKS = ["site.yml", *(f"ansible/{path.name}" for path in sorted((ROOT / "ansible").glob("*.yml")))]
PLAYBOOKS.remove("ansible/requirements.yml")


def test_every_playbook_can_be_read(ansible: str) -> None:
    done = subprocess.run(
        [ansible, "--syntax-check", *PLAYBOOKS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_is_described_with_its_default_and_stands_in_the_readme(role: str) -> None:
    place = ROOT / "roles" / role
    defaults = yaml.safe_load((place / "defaults/main.yml").read_text())
    entries = yaml.safe_load((place / "meta/argument_specs.yml").read_text())["argument_specs"]
    readme = (place / "README.md").read_text()
    for entry in entries.values():
        assert set(entry["options"]) == set(defaults)
    for name, option in entries["main"]["options"].items():
        assert option["description"]
        assert option["type"]
        assert f"| `{name}` |" in readme
        if name != "sysctl_settings":
            assert option["default"] == defaults[name]
