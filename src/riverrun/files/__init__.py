"""The two doors: how the bytes of files come in that a stranger may have made, and how ours go out."""
