"""Files and pipes of any size: reading, translating and writing in order."""
