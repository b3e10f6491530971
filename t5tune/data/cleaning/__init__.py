"""What leaves out training pairs by the rules of a recipe, and counts and shows what it left out.

A rule is a module in `rules/`. `cleaner` builds those that a recipe names and applies them to some
pairs, in any process; `kept_rows` does so for all pairs in order, with what occurred before;
`cleaning_report` has counts and examples.
"""
