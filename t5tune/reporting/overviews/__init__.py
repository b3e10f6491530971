"""What `t5tune data` shows of a recipe's data, on a terminal, in plain lines and as a page.

`overview_notes` has what deserves attention; `overview_sections` turns everything else into the
sections that reports have too; `overview_text` prints both. The page is `html/data_page`.
"""
