"""What a file is, by its first bytes and its name, and the text in it."""
