"""``python -m riverrun COMMAND ...``: the same as ``riverrun COMMAND ...``."""

from riverrun.cli.main import script

if __name__ == "__main__":
    script()
