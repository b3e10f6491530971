"""Draw what a terminal shows as an SVG.

tmux capture-pane -e -p -t SESSION | .venv/bin/python docs/pictures/draw.py OUT.svg TITLE
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text


def draw(screen: str, title: str) -> str:
    """The picture of a screen with its colours, without fonts to download."""
    text = Text.from_ansi(screen.rstrip("\n"))
    width = max(len(line) for line in text.plain.split("\n"))
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(text, soft_wrap=True)
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id="terminal")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    # Any fixed-width font will do; its width is set by textLength.
    return re.sub(r"Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono", svg)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(sys.stdin.read(), sys.argv[2]), encoding="utf-8")
