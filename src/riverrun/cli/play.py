"""``riverrun play``: the page, in the browser, served on this machine."""

import argparse
import sys
from pathlib import Path

from riverrun.cli.left_out import say_of_memory
from riverrun.cli.parsing import Parser


def add_arguments(parser: Parser) -> None:
    parser.add_argument("models", nargs="+", metavar="MODEL", help="model directories to choose from")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: any that is free)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(options: argparse.Namespace) -> int:
    from riverrun.page.serving import PageServer

    models = [Path(each) for each in options.models]
    with PageServer(models, options.port) as server:
        say_of_memory(models)
        print(server.url, flush=True)
        print("Ctrl-C ends it.", file=sys.stderr)
        if not options.no_browser:
            import webbrowser

            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0
