"""Comparisons of systems on the same test set.

`chosen_comparison.py` is `t5tune.compare`, `stored_output.py` reads what one system wrote, and
`compared_systems.py` gathers all of them for the same examples. `comparison_text.py` has the words
and the JSON; Markdown and terminal have a file each, and the page is in `reporting/html/`. The
statistics are in `scoring/significance/`.
"""
