"""A report of one test set: what it holds, how it is stored and read, and its forms for people.

`report.py` holds the content of `report.json`; `report_building.py` makes it of hypotheses. The
forms are Markdown and terminal here, and HTML in `reporting/html/`.
"""
