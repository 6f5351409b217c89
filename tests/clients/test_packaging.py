"""The client decides with the portal's own file, also where it is installed."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "python"
TRUTH = ROOT / "capacity" / "formulas" / "gates.py"
OURS = "weighbridge_client/gates.py"


def _build(target: str, source: Path, into: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    [built] = into.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


def test_there_is_one_decision_function():
    link = CLIENT / OURS

    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == TRUTH


def test_a_wheel_holds_the_text_of_the_decision(tmp_path):
    with zipfile.ZipFile(_build("wheel", CLIENT, tmp_path)) as wheel:
        assert wheel.read(OURS) == TRUTH.read_bytes()
        assert "weighbridge_client/py.typed" in wheel.namelist()


def test_an_sdist_holds_it_too_and_makes_the_same_wheel(tmp_path):
    with tarfile.open(_build("sdist", CLIENT, tmp_path / "sdist")) as sdist:
        sdist.extractall(tmp_path / "apart", filter="data")
    [unpacked] = (tmp_path / "apart").iterdir()

    with zipfile.ZipFile(_build("wheel", unpacked, tmp_path / "wheel")) as wheel:
        assert wheel.read(OURS) == TRUTH.read_bytes()


def test_the_client_needs_nothing_of_the_portal():
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import weighbridge_client, sys; print(*sorted({one.partition('.')[0]"
            " for one in sys.modules} & {'django', 'capacity', 'portal', 'litellm'}))",
        ],
        cwd=CLIENT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert found.stdout.strip() == ""
