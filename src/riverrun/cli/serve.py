"""``riverrun serve``: models behind the interfaces that programs already speak."""

import argparse
import dataclasses
import sys
import warnings

from riverrun.cli.parsing import Parser
from riverrun.errors import InputError
from riverrun.server.limits import Limits


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", nargs="+", help="model directories; NAME=DIR serves one under another name")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any that is free (default 8000)")
    parser.add_argument("--api-key-file", metavar="FILE", help="keys, one a line; readable by its owner only")
    parser.add_argument(
        "--without-key", action="store_true", help="answer everybody, at an address that others can reach"
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this origin ask, such as https://example.org; may be repeated",
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default 1)")
    for bound in dataclasses.fields(Limits):
        parser.add_argument(
            f"--max-{bound.name}",
            type=type(bound.default),
            default=bound.default,
            metavar="N",
            help=f"{bound.metadata['about']} (default {bound.default:g})".replace("%", "%%"),
        )


def run(options: argparse.Namespace) -> int:
    limits = Limits(
        **{bound.name: getattr(options, f"max_{bound.name}") for bound in dataclasses.fields(Limits)}
    )
    if options.workers < 1:
        raise InputError(f"--workers {options.workers}: give 1 or more")
    from riverrun.server.address import Address, listen
    from riverrun.server.offer import Offer, read_models

    address = Address(
        options.host, options.port, options.api_key_file, options.without_key, tuple(options.allow_origin)
    )
    keys, models = address.keys(), read_models(options.model)
    warnings.simplefilter("ignore")  # what is to be said about a text is said to whoever sent it
    with listen(address) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"riverrun serves {', '.join(models)} at http://{shown}:{port}", file=sys.stderr, flush=True)
        offer = Offer(models, limits, listener, address.loopback, keys, address.origins)
        if options.workers > 1:
            from riverrun.server.workers import serve_in_processes

            return serve_in_processes(options.workers, offer)
        from riverrun.server.lifecycle import serve

        serve(offer)
    return 0
