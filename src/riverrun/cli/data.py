"""``riverrun data``: known texts and the cache."""

import argparse

from riverrun.cli.main import Parser


def add_arguments(parser: Parser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|get|clean")
    actions.add_parser("list", help="the texts known by name")
    getter = actions.add_parser("get", help="download a text")
    getter.add_argument("name", help="its name")
    actions.add_parser("clean", help="delete encoded and downloaded texts from the cache")


def run(options: argparse.Namespace) -> int:
    from riverrun.data import builtin_pairs, cache, library

    match options.action:
        case "list":
            for name, about in library.BUILT_IN.items():
                print(f"{name:18} built in   {about}")
            for name, about in builtin_pairs.ABOUT.items():
                print(f"{name:18} generated  {about}")
            for name, known in library.DOWNLOADS.items():
                state = "here" if library.downloaded(name) else "download"
                print(f"{name:18} {state:10} {known.about}")
        case "get":
            print(library.download(options.name))
        case "clean":
            print(f"{cache.clean() / 1e6:.1f} MB freed in {cache.cache_directory()}")
    return 0
