"""``riverrun data``: known texts, the text of any file, and the cache."""

import argparse
import sys

from riverrun.cli.parsing import Parser
from riverrun.data.reading_settings import Reading

ACTIONS = ("list", "get", "show", "clean")
READING = (  # the first choice is that of training
    ("field", None, "field of JSON lines, or column of a CSV table"),
    (
        "format",
        ("auto", "text"),
        "auto: documents, web pages and tables for what they are; text: as they stand",
    ),
    ("line_ends", ("unify", "keep"), "CR LF and CR are read as LF, or kept"),
)


def add_arguments(parser: Parser) -> None:
    parser.usage = "riverrun data list | get NAME | show FILE... | clean"
    parser.add_argument(
        "action",
        choices=ACTIONS,
        metavar="ACTION",
        help="list: texts known by name; get: download one; show: print what would be learned of files; "
        "clean: delete encoded and downloaded texts from the cache",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help="what to get or to show")
    for name, choices, about in READING:
        default = choices[0] if choices else Reading.field
        flag = name.replace("_", "-")
        parser.add_argument(
            f"--{flag}", f"--data.{flag}", choices=choices, default=default, help=f"show: {about}"
        )


def run(options: argparse.Namespace) -> int:
    from riverrun.errors import InputError

    wanted = {"list": "no name", "clean": "no name", "get": "one name", "show": "the files"}[options.action]
    given = len(options.name)
    if (
        (wanted == "no name" and given)
        or (wanted == "one name" and given != 1)
        or (wanted == "the files" and not given)
    ):
        raise InputError(f"riverrun data {options.action}: give {wanted}; see riverrun data --help")
    match options.action:
        case "list":
            _list()
        case "get":
            from riverrun.data import library

            print(library.download(options.name[0]))
        case "show":
            _show(options)
        case "clean":
            from riverrun.data import cache

            print(f"{cache.clean() / 1e6:.1f} MB freed in {cache.cache_directory()}")
    return 0


def _list() -> None:
    from riverrun.data import builtin_pairs, library

    for name, about in library.BUILT_IN.items():
        print(f"{name:18} built in   {about}")
    for name, about in builtin_pairs.ABOUT.items():
        print(f"{name:18} generated  {about}")
    for name, known in library.DOWNLOADS.items():
        state = "here" if library.downloaded(name) else "download"
        print(f"{name:18} {state:10} {known.about}")


def _show(options: argparse.Namespace) -> None:
    """The text on standard output; how much it is, and what of it is not plain, on standard error."""
    from riverrun.data.corpus import open_corpus

    corpus = open_corpus(options.name, Reading(options.format, options.line_ends, options.field))
    for text in corpus.texts():
        sys.stdout.write(text)
    sys.stdout.flush()
    documents = sum(chunk.opens_document for chunk in corpus.chunks())
    what = f" in {documents:,} documents" if documents > 1 else ""
    print(f"{corpus.name}: {corpus.characters:,} characters{what}", file=sys.stderr)
