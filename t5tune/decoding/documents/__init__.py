"""Documents as sentences, and sentences as documents again."""
