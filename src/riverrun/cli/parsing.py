"""How the arguments of a command are read: options stand anywhere, and unknown ones are guessed at."""

import argparse
import difflib
import re
import sys
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

_FORMATTER = partial(argparse.HelpFormatter, max_help_position=36)
_TRUTHS = ("true", "false")


class Parser(argparse.ArgumentParser):
    """argparse with options anywhere among the texts, and with complaints in our one-line form.

    An option takes exactly one value each time it is given (one that may be repeated, too), a switch none; so a text
    that follows is never taken for a value.

    Attributes:
        keeps_faults: unknown options and missing values are given to the command as ``options.faults``, which reports
            them together with its own.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False, formatter_class=_FORMATTER)
        self.keeps_faults = False

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """What arguments say, and ``faults``; a fault that is not kept prints one line and raises SystemExit."""
        if self._subparsers is not None:  # what is not the command's own belongs to the action named first
            own = [each for each in arguments if self._is_switch(each)]
            return self.parse_args([*own, *(each for each in arguments if each not in own)])
        options, texts, faults = self._sort(arguments)
        if faults and not self.keeps_faults:
            self.error("; ".join(faults))
        found = self.parse_args([*options, "--", *texts])
        found.faults = faults
        return found

    def error(self, message: str) -> NoReturn:
        print(one_line(f"{self.prog}: {message}; see {self.prog} --help"), file=sys.stderr)
        raise SystemExit(2)

    def _sort(self, arguments: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        """Options with their values, texts, and faults."""
        options: list[str] = []
        texts: list[str] = []
        faults: list[str] = []
        remaining = deque(arguments)
        while remaining:
            argument = remaining.popleft()
            if argument == "--":
                texts += remaining
                break
            if not _is_option(argument):
                texts.append(argument)
            elif (found := self._option(argument)) is None:
                faults.append(self._unknown(argument.partition("=")[0]))
            else:
                action, name, value = found
                if isinstance(action, argparse._HelpAction):
                    return [name], [], []
                if value is None and action.nargs != 0:
                    value = self._value(action, remaining)
                if value is None and action.nargs != 0:
                    faults.append(f"{name} needs a value: {name} {action.metavar or action.dest.upper()}")
                else:
                    options.append(name if value is None else _joined(name, value))
        return options, texts, faults

    def _option(self, argument: str) -> tuple[argparse.Action, str, str | None] | None:
        """The option that an argument names and the value it carries itself; None if there is no such option."""
        known = self._option_string_actions
        if argument in known:
            return known[argument], argument, None
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            for each in (name, f"--{name[2:].replace('_', '-')}"):
                if each in known:
                    return known[each], each, value if equals else None
        elif (short := argument[:2]) in known and known[short].nargs != 0:
            return known[short], short, argument[2:]
        return None

    def _value(self, action: argparse.Action, remaining: deque[str]) -> str | None:
        """Take the value of an option from what follows it; None if none does."""
        if action.nargs == "?":
            return remaining.popleft() if remaining and remaining[0] in _TRUTHS else str(action.const)
        if not remaining or remaining[0] == "--" or self._option(remaining[0]) is not None:
            return None
        return remaining.popleft()

    def _is_switch(self, argument: str) -> bool:
        action = self._option_string_actions.get(argument)
        return action is not None and action.nargs == 0 and not isinstance(action, argparse._HelpAction)

    def _unknown(self, name: str) -> str:
        known = [each for each in self._option_string_actions if each.startswith("--")]
        close = difflib.get_close_matches(name.replace("_", "-"), known, n=1)
        if not close:  # the section may be wrong or missing: compare the last part alone
            tails = {each.removeprefix("--").rpartition(".")[2]: each for each in known}
            tail = name.removeprefix("--").rpartition(".")[2]
            close = [tails[each] for each in difflib.get_close_matches(tail, tails, n=1)]
        return f"there is no option {name}" + (f" (did you mean {close[0]}?)" if close else "")


def one_line(text: str, most: int = 1000) -> str:
    """A text as one line that does not move the cursor; of one that is very long, its beginning and its end."""
    line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)
    return line if len(line) <= most else f"{line[: 2 * most // 3]} ... {line[-most // 4 :]}"


def _is_option(argument: str) -> bool:
    """Whether an argument has the form of an option; a dash alone, a number below zero and a phrase have not."""
    return re.match(r"--?[^\W\d_]", argument) is not None and " " not in argument.partition("=")[0]


def _joined(name: str, value: str) -> str:
    """An option with its value as one argument, so that the value may begin with a dash."""
    return f"{name}={value}" if name.startswith("--") else f"{name}{value}"
