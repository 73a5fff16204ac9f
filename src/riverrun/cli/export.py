"""``riverrun export``: a model for elsewhere: one HTML file, or a step graph in ONNX."""

import argparse
from pathlib import Path

from riverrun.cli.left_out import say_of_memory
from riverrun.cli.parsing import Parser
from riverrun.errors import InputError


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument("--html", metavar="FILE", help="one page that holds all and opens without a network")
    parser.add_argument(
        "--precision", metavar="P", help="of the weights in the page: fp32, bf16 or int8 (default bf16)"
    )
    parser.add_argument(
        "--text", metavar="FILE", help="what its cost is measured on (default: held-out text)"
    )
    parser.add_argument("--onnx", metavar="DIR", help="a graph of one step, for other programs")


def run(options: argparse.Namespace) -> int:
    if (options.html is None) == (options.onnx is None):
        raise InputError("give one of --html FILE and --onnx DIR")
    if options.onnx is not None:
        return _onnx(options)
    from riverrun.page.cost import cost_of
    from riverrun.page.single_file import Shown, check_page_precision, check_target, write_single_file

    precision = options.precision or "bf16"
    model, target = Path(options.model), Path(options.html)
    check_page_precision(precision)
    check_target(target)
    say_of_memory([model])
    cost = cost_of(model, precision, options.text)
    size = write_single_file(model, target, Shown(model.resolve().name, precision, cost))
    print(f"{target}: {size:,} bytes, weights in {precision}; {cost}")
    return 0


def _onnx(options: argparse.Namespace) -> int:
    for name in ("precision", "text"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is of --html: leave it out with --onnx")
    from riverrun.export.onnx_directory import write_onnx

    say_of_memory([Path(options.model)])
    written = write_onnx(Path(options.model), Path(options.onnx))
    print(f"{options.onnx}: {', '.join(written)}")
    return 0
