import subprocess
import sys
from pathlib import Path

import pytest

import afresh
from afresh.cli import main as cli
from afresh.keeper.spec import BootSpec
from afresh.options.table import Options


@pytest.fixture
def specs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[BootSpec]:
    """What would have been run; the current directory is an empty one."""
    seen: list[BootSpec] = []

    def run(spec: BootSpec) -> int:
        seen.append(spec)
        return 7

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_run", run)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-m", "afresh"])
    return seen


def test_beside_manage_py(specs: list[BootSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manage.py").touch()
    (tmp_path / "pyproject.toml").write_text("[tool.afresh]\nwait = 5\ndrain = 6\n")
    monkeypatch.setenv("AFRESH_WAIT", "7")
    assert cli.main(["0.0.0.0:9000", "--settle", "2"]) == 7
    (spec,) = specs
    assert (spec.python, spec.flags, spec.cwd) == (sys.executable, ("-X", "dev"), str(tmp_path))
    assert (spec.door, spec.target) == ("afresh", ("manage.py", "runserver", "0.0.0.0:9000"))
    assert spec.address == ("0.0.0.0", 9000, False)
    assert spec.environ["AFRESH_WAIT"] == "7"
    assert spec.options == Options(wait=7.0, drain=6.0, settle=2.0)


def test_an_application(specs: list[BootSpec]) -> None:
    assert cli.main(["shop:make", "--factory"]) == 7
    assert (specs[0].door, specs[0].target) == ("wsgi", ("wsgi", "shop:make()"))
    assert specs[0].address == ("127.0.0.1", 8000, False)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "afresh: There is no manage.py in this directory."),
        (["web/manage.py"], "afresh: There is no file web/manage.py."),
        (["app:app", "localhost"], 'afresh: "localhost" is not a valid port number or address:port pair.'),
        (["app:app", "b:app"], 'afresh: "b:app" is not a valid port number or address:port pair.'),
        (["app:app", "--wait", "soon"], "afresh: --wait soon: expected a number of seconds."),
    ],
)
def test_errors_of_usage_end_with_2(
    specs: list[BootSpec], argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    first, *hint = capsys.readouterr().err.splitlines()
    assert first == message
    assert hint
    assert specs == []


def test_help_says_each_option_once(capsys: pytest.CaptureFixture[str]) -> None:
    from afresh.options.table import ROWS

    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert [row.flag for row in ROWS if text.count(f"\n  {row.flag}") != 1 and row.flag != "--poll"] == []
    assert max(len(line) for line in text.splitlines()) <= 100


def test_elsewhere_than_on_linux_the_projects_own_runserver_runs(
    specs: list[BootSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manage.py").write_text("import sys\nsys.exit(5 if sys.argv[1:] == ['runserver', '9000'] else 6)\n")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cli.main(["9000"]) == 5
    assert cli.main(["app:app"]) == 1
    assert "Linux" in capsys.readouterr().err
    assert specs == []


def test_as_a_module() -> None:
    command = [sys.executable, "-m", "afresh", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == f"afresh {afresh.__version__}\n"
