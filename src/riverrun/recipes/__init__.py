"""Published results, each one file: what was claimed, the settings that repeat it, the number to meet."""
