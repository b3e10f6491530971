"""A line of progress fits the terminal, however narrow that is or becomes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from t5tune.terminal_line import Field, StatusLine, _Screen


class _Training:
    bar_priority = 4
    started = 0.0

    def __init__(self, share: float | None = 0.3) -> None:
        self._share = share

    def fields(self) -> list[Field]:
        return [
            Field("training", 1, "bold"),
            Field("step 12,345/100,000", 0),
            Field("epoch 12.34", 6),
            Field("loss 12.345", 3),
            Field("lr 1.00e-04", 7),
            Field("123,456 tokens/s", 5),
            Field("10:02:03 left", 2),
        ]

    def share(self) -> float | None:
        return self._share


def _render(width: int, *, share: float | None = 0.3, **options: Any) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, **options)
    console.print(StatusLine(_Training(share)))
    return stream.getvalue()


@pytest.mark.parametrize("width", range(22, 160))
def test_a_line_fits_and_no_word_is_cut(width: int) -> None:
    for share in (None, 0.0, 0.3, 1.0):
        shown = _render(width, share=share, no_color=True, color_system=None)
        assert shown.count("\n") == 1
        line = shown.rstrip("\n")
        assert len(line) < width
        words = line.replace("━", "").replace("─", "").split()
        texts = " ".join(field.text for field in _Training().fields()).split()
        assert [word for word in words if word not in texts] == []


def test_fields_go_by_their_priority() -> None:
    shown = {
        width: _render(width, no_color=True, color_system=None) for width in (60, 80, 100, 120)
    }
    assert "lr 1.00e-04" in shown[120]
    assert "━━━" in shown[120]
    assert "lr" not in shown[100]
    assert "tokens/s" in shown[100]
    assert "tokens/s" not in shown[80]
    assert "━━━" in shown[80]
    assert shown[60].split() == [
        "training", "step", "12,345/100,000", "loss", "12.345", "10:02:03", "left",
    ]  # fmt: skip


def test_without_colours_the_bar_is_told_by_its_shape() -> None:
    assert "━─" in _render(120, no_color=True)
    assert "─" not in _render(120, no_color=False)


def test_a_terminal_that_becomes_narrower_keeps_no_rest_of_the_line() -> None:
    """A narrower terminal wraps old lines, and Rich counts lines, not rows."""
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True, force_interactive=True)
    screen = _Screen()
    line = StatusLine(_Training())
    screen.add(line, console)
    assert screen._live is not None
    num_up = {}
    for width in (120, 120, 100, 40, 40, 120):
        console.width = width
        with screen._live._lock:
            stream.truncate(0)
            screen._live.refresh()
            num_up[width] = num_up.get(width, 0) + stream.getvalue().count("\x1b[1A")
    screen.remove(line)
    assert num_up == {120: 0, 100: 1, 40: 2}
