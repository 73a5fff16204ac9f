"""A run, shown to a person while it goes on: in words, on a terminal or in a log."""
