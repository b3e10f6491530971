"""Hard sets: what becomes of the scores when users type otherwise than the test set does."""
