"""What a recipe may contain: one module for each section of `schema.py`.

A section is a pydantic model whose fields are the keys, with their meanings and defaults. What
excludes something else in the same section is refused there, the rest by `Recipe`.
"""
