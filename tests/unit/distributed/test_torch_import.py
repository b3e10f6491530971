"""Test how long torch's threads spin, and the rest of its import."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from t5tune.distributed import torch_import
from t5tune.distributed.torch_import import bound_spinning, count_other_threads, importing_torch


@pytest.mark.parametrize(("others", "spins"), [(0.0, "10000"), (0.6, "1000"), (4.0, "1000")])
def test_threads_wait_a_short_while_only_beside_others(
    others: float, spins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_import, "count_other_threads", lambda: others)
    environment: dict[str, str] = {}
    bound_spinning(environment)
    assert environment == {"GOMP_SPINCOUNT": spins}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat")
def test_other_programs_are_counted() -> None:
    """Only the difference counts, because tests run beside other programs."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        counts = [count_other_threads(num_looks=50) for _ in range(3)]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    assert max(counts) >= 2.5


def test_what_the_user_has_set_about_waiting_stays() -> None:
    for chosen in ({"GOMP_SPINCOUNT": "77"}, {"OMP_WAIT_POLICY": "ACTIVE"}):
        environment = dict(chosen)
        bound_spinning(environment)
        assert environment == chosen


DOORS = {
    "python": "import t5tune; t5tune.load('model')",
    "command": "import sys; sys.argv[1:] = ['translate', '--model', 'model', 'text']; "
    "from t5tune.cli.app import main; main()",
}


@pytest.mark.skipif(sys.platform != "linux", reason="libgomp comes with torch for Linux")
@pytest.mark.parametrize("door", DOORS)
def test_it_is_set_before_torch_is_loaded(door: str, tmp_path: Path) -> None:
    """libgomp prints the value that it has read; a variable that is set later has no effect."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")  # torch is imported, and then it fails
    environment = {**os.environ, "OMP_DISPLAY_ENV": "VERBOSE"}
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", DOORS[door]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "model" in done.stderr
    if "OPENMP DISPLAY ENVIRONMENT" not in done.stderr:
        pytest.skip("torch was built with another OpenMP than libgomp")
    set_to = re.search(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
    assert set_to
    assert set_to[1] in ("1000", "10000")


def test_no_search_for_garbage_while_importing() -> None:
    seen = []
    with importing_torch():
        seen.append(gc.isenabled())
    seen.append(gc.isenabled())
    assert seen == [False, True]
    gc.disable()
    try:
        with importing_torch():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
