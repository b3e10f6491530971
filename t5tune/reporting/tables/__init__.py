"""Tables of results for terminals, papers and spreadsheets: plain, Markdown, LaTeX and CSV."""
