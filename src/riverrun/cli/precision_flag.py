"""The flag for the precision in which a model computes."""

from riverrun.cli.parsing import Parser


def add_precision(parser: Parser, *precisions: str) -> None:
    """``--precision``, of those that the command's models know."""
    parser.add_argument(
        "--precision",
        choices=precisions or ("fp32", "bf16", "int8"),
        default="fp32",
        help="of matrices: bf16 is faster on processors that multiply it, int8 where a model is larger than the "
        "cache (language models only); both round (default fp32)",
    )
