"""Test curves that are drawn in a terminal."""

from __future__ import annotations

from t5tune.experiments.terminal_curves import draw_curve


def test_a_curve_goes_through_its_points() -> None:
    lines = draw_curve([100, 200, 300], [2.0, 1.0, 1.5], width=15, height=3, ascii_only=True)
    assert lines == [
        "    2.000 *    ",
        "           *  *",
        "    1.000   ** ",
        "     step 100 300",
    ]
    drawn = draw_curve([100, 300], [0.0, 1.0], width=12, height=1)
    assert drawn[0] == "    1.000 ⡠⠊"


def test_what_can_hardly_be_drawn_is_drawn() -> None:
    assert draw_curve([5], [1.25], width=12, height=2, ascii_only=True)[0] == "    1.250 * "
    flat = draw_curve([1, 2], [3.0, 3.0], width=12, height=2, ascii_only=True)
    assert flat[0] == "    3.000 **"
    assert draw_curve([1, 2], [1e12, -1e12], width=1, height=2)[0].startswith(" 1.00e+12 ")
