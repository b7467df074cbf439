"""What runs the project for others: the files around the code name parts and targets that there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TIMED = ROOT / ".ci" / "timed"


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))


def parts() -> dict[str, str]:
    """Each part of .ci/run and the target that it makes."""
    return dict(re.findall(r"^\t(\w+)\) make ([\w-]+) ;;$", text(".ci/run"), re.MULTILINE))


def test_each_part_of_ci_is_told_and_makes_a_target_that_there_is() -> None:
    assert set(parts().values()) <= targets()
    assert set(re.findall(r"^#   (\w+) ", text(".ci/run"), re.MULTILINE)) == set(parts())
    (all_of_them,) = re.findall(r"set -- (.+)", text(".ci/run"))
    assert all_of_them.split() == list(parts())


def test_an_unknown_part_is_told() -> None:
    done = subprocess.run([ROOT / ".ci" / "run", "tets"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no part tets" in done.stderr


def test_the_workflow_runs_every_part() -> None:
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    jobs = workflow["jobs"]
    named = [word for each in jobs["part"]["strategy"]["matrix"]["part"] for word in each.split()]
    assert sorted([*named, "appliance"]) == sorted(parts())
    assert jobs["appliance"]["steps"][-1]["run"] == ".ci/run appliance"


def test_hooks_of_pre_commit_fetch_nothing() -> None:
    for repository in yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]:
        assert repository["repo"] == "local"
        assert {hook["language"] for hook in repository["hooks"]} == {"system"}


def test_a_report_of_a_fault_asks_for_the_doctor() -> None:
    form = yaml.safe_load(text(".github/ISSUE_TEMPLATE/bug.yml"))
    asked = {each["id"]: each for each in form["body"] if "id" in each}
    assert asked["doctor"]["attributes"]["label"] == "daedalus doctor --json"
    assert asked["doctor"]["validations"]["required"]


@pytest.mark.parametrize(("second", "code"), [("true", 0), ("false", 2)])
def test_it_is_told_how_long_each_part_took_and_which_failed(tmp_path: Path, second: str, code: int) -> None:
    (tmp_path / "Makefile").write_text(f"one:\n\t@true\ntwo:\n\t@{second}\nthree:\n\t@true\n")
    done = subprocess.run(
        [TIMED, "make", "one", "two", "three"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == code
    told = [line.split()[0] for line in done.stdout.splitlines() if " min " in line]
    assert told == (["one", "two", "three"] if code == 0 else ["one", "two"])
    assert done.stdout.rstrip().endswith("failed") is bool(code)
