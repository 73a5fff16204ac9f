"""``riverrun COMMAND ...``: finds the command, runs it, turns errors into one line and an exit code."""

import difflib
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial

from riverrun.cli.parsing import Parser, one_line
from riverrun.cli.standard_output import Terminal

COMMANDS = {
    "train": "train a model on your text, for a time you choose",
    "generate": "write text with a model",
    "translate": "turn lines of text into others with a model of pairs",
    "score": "surprisal of every token of a text",
    "evaluate": "how well a model predicts a text",
    "adapt": "a model goes on learning from a text, and becomes a new one",
    "show": "what a model is, how it was trained, how good it is",
    "play": "a page to touch a model with, in the browser",
    "export": "a model for elsewhere: one HTML file that needs no server, or ONNX",
    "report": "a page about a model: curves, samples, what was held out, what it copies",
    "reproduce": "run published results again, their number beside ours",
    "serve": "answer programs over HTTP, as other model servers do",
    "data": "list or get known texts; clean the cache",
    "bench": "how fast a model generates on this machine",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 for failure, 2 for bad input, 130 where it was interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments:
        print(_BEGIN)
        return 0
    if arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if arguments[0] in ("-V", "--version"):
        from riverrun import __version__

        print(f"riverrun {__version__}")
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the commands are {', '.join(COMMANDS)}"
        _complain(f"there is no command {name!r}; {hint}")
        return 2
    return _run(name, rest)


def _run(name: str, arguments: list[str]) -> int:
    from riverrun.errors import RiverrunError

    warnings.showwarning = partial(_show_warning, set())
    command = importlib.import_module(f"riverrun.cli.{name}")
    parser = Parser(prog=f"riverrun {name}", description=COMMANDS[name])
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    command.add_arguments(parser)
    options = parser.read(arguments)
    try:
        return command.run(options) or 0
    except RiverrunError as error:
        if options.debug:
            raise
        _complain(error.message)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except Exception as error:
        if options.debug:
            raise
        _complain(_in_words(error))
        return 1


def _complain(text: str) -> None:
    print(one_line(f"riverrun: {text}"), file=sys.stderr)


def _in_words(error: Exception) -> str:
    """One line about an error that no room foresaw."""
    if isinstance(error, OSError) and error.strerror:  # such as a full disk behind standard output
        return f"{error.filename or 'output'}: {error.strerror}"
    text = one_line(str(error)) or "no message"
    return f"{type(error).__name__}: {text} (--debug shows where)"


_BEGIN = """\
riverrun: recurrent sequence models on your own text

To begin with:
  riverrun train book.txt --minutes 3      learns from a text (python-docs is one that is here already)
  riverrun generate book "the spirit of"   goes on from these words
  riverrun show book                       says what the model is, how good it is, and what to try next

riverrun --help lists all commands."""


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    rows = "\n".join(f"  {name:{width}}{about}" for name, about in COMMANDS.items())
    return (
        "riverrun: recurrent sequence models on your own text\n\n"
        f"usage: riverrun COMMAND ...\n\n{rows}\n\n"
        "riverrun COMMAND --help says more.   riverrun --version\n"
    )


def _show_warning(shown: set[str], message, category, filename, lineno, file=None, line=None) -> None:
    """Print a warning; the same one once a command."""
    if (text := str(message)) not in shown:
        shown.add(text)
        print(one_line(f"warning: {text}"), file=sys.stderr)


def script() -> None:
    """The console entry point; what a closed output would have been told goes nowhere."""
    _speak_utf8()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.isatty():
        sys.stdout = Terminal(sys.stdout)
    raise SystemExit(main())


def _speak_utf8() -> None:
    """UTF-8 in arguments, names of files and streams, whatever the locale says.

    Where it says otherwise, the arguments have been read by another encoding already, and names of files would be
    written by it: the command starts again in Python's UTF-8 mode (PEP 540).
    """
    if sys.getfilesystemencoding() != "utf-8" and sys.executable:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    # What cannot be said in UTF-8 are bytes of a name that is none: they go out as they came.
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


if __name__ == "__main__":
    script()
