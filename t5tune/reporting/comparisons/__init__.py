"""Comparisons of systems on the same test set.

`chosen_comparison.py` is `t5tune.compare`, and `compared_systems.py` gathers what each system
wrote. `comparison_text.py` has the words and the JSON; Markdown and terminal have a file each, and
the page is in `reporting/html/`. The statistics are in `scoring/significance/`.
"""
