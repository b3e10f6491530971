"""Files and pipes of any size: reading, translating and writing in order.

Each format has a module in `input_formats/`.
"""
