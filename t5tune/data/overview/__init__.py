"""What is in the data of a recipe, for people: sizes, lengths, lost characters, leaks, examples.

`data_overview` has all of it, and its JSON. `looking` goes once over the pairs of an entry: tokens
are counted in any process (`token_counter`), into `length_counts` and `lost_characters`, and the
sets that are translated are compared with the pairs. `encoded_examples` shows some pairs as the
model sees them. Nothing here opens files: `training.preview.data_preview` does.
"""
