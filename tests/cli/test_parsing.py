"""Arguments: options stand anywhere, each takes one value, unknown ones are guessed at; the help of every command."""

import argparse
import contextlib
import itertools
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riverrun.cli.main import COMMANDS, main
from riverrun.cli.parsing import Parser


def parser() -> Parser:
    made = Parser(prog="riverrun try")
    made.add_argument("model")
    made.add_argument("text", nargs="*")
    made.add_argument("-n", "--number", type=int, default=1)
    made.add_argument("--stop", action="append", default=[])
    made.add_argument("--top-p", type=float)
    made.add_argument("--greedy", action="store_true")
    made.add_argument("--text.lower", nargs="?", const="true")
    return made


def parse(line: str) -> argparse.Namespace:
    return parser().read(shlex.split(line))


WHOLE = ["M", "one", "two"], [["--stop", "x"], ["--greedy"], ["-n", "3"], ["--stop", "y"], ["--top-p=0.5"]]


@given(st.permutations(range(5)), st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_options_stand_anywhere(order, places):
    texts, options = WHOLE
    arguments = [
        part
        for place in range(4)
        for part in itertools.chain(
            *(options[k] for k, at in zip(order, places, strict=True) if at == place),
            texts[place : place + 1],
        )
    ]
    found = parser().read(arguments)
    assert (found.model, found.text) == ("M", ["one", "two"])
    assert (sorted(found.stop), found.number, found.greedy, found.top_p) == (["x", "y"], 3, True, 0.5)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("M --stop x prompt", ["prompt"]),
        ("--greedy M --stop x --stop y prompt", ["prompt"]),
        ("M --text.lower prompt", ["prompt"]),
        ("M -- --stop", ["--stop"]),
        ("M -5 - '- a list' '--- 1'", ["-5", "-", "- a list", "--- 1"]),
        ("M --stop=x '--not an option'", ["--not an option"]),
    ],
)
def test_what_is_a_text_is_not_taken_for_a_value(line, text):
    assert parse(line).text == text


@pytest.mark.parametrize("line", ["M --stop -x", "M --stop=-x", "--stop -x M"])
def test_a_value_may_begin_with_a_dash(line):
    assert parse(line).stop == ["-x"]


@pytest.mark.parametrize(
    ("line", "value"), [("M -n 5", 5), ("M -n5", 5), ("-n -5 M", -5), ("M --number=7", 7)]
)
def test_forms_of_a_value(line, value):
    assert parse(line).number == value


def test_an_underscore_is_a_dash():
    assert parse("M --top_p 0.5").top_p == 0.5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("M --stpo x", "there is no option --stpo (did you mean --stop?)"),
        ("M --xyzzyx", "there is no option --xyzzyx;"),
        ("M --wrong.lower --gredy", "(did you mean --text.lower?); there is no option --gredy"),
        ("M --stop", "--stop needs a value: --stop STOP"),
        ("M --stop --greedy", "--stop needs a value"),
        ("M --stop -- x", "--stop needs a value"),
        ("--greedy", "required: model"),
        ("M -n x", "invalid int value: 'x'"),
        ("M --greedy=yes", "--greedy"),
    ],
)
def test_complaints_are_one_line(line, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(line)
    err = capsys.readouterr().err
    assert (stopped.value.code, err.count("\n")) == (2, 1)
    assert err.startswith("riverrun try: ")
    assert said in err


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=6))
def test_any_arguments_are_read_or_refused(arguments):
    with contextlib.suppress(SystemExit):
        assert isinstance(parser().read(arguments).text, list)


class TestHelp:
    def shown(self, capsys, *arguments: str) -> str:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        assert stopped.value.code == 0
        return capsys.readouterr().out

    @pytest.mark.parametrize("name", COMMANDS)
    def test_wins_over_whatever_else_is_wrong(self, capsys, name):
        assert self.shown(capsys, name, "--xyzzy", "--help").startswith(f"usage: riverrun {name}")

    def test_of_train_shows_ten_settings_and_all_on_demand(self, capsys):
        from riverrun.config.building import known_keys

        def named(text: str) -> set[str]:
            return {key for key in known_keys() if f"--{key.replace('_', '-')}" in text}

        first, everything = self.shown(capsys, "train", "--help"), self.shown(capsys, "train", "--help-all")
        assert len(named(first)) == 10
        also_called = {"budget.minutes", "budget.epochs", "budget.steps", "data.task"}
        assert named(everything) == set(known_keys()) - also_called
        assert "--minutes" in first

    def test_alone_it_says_how_to_begin(self, capsys):
        assert main([]) == 0
        out = capsys.readouterr().out
        assert all(f"riverrun {name} " in out for name in ("train", "generate", "show"))
        assert "bench" not in out
