"""Every command: what it prints, its JSON, and its complaints (one line on stderr, exit code 2 or 1)."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import tiny
from riverrun.cli.main import COMMANDS, main

NUMBERS = (
    "tokens characters nats_per_token bits_per_character bits_per_byte perplexity accuracy unknown_share "
    "unknown_characters left_out_characters"
)
EVALUATE_KEYS = set(NUMBERS.split())
TRAIN_KEYS = {"model", "steps", "seconds", "validation_nats_per_token", "validation_bits_per_character"}
FILES = "config.toml tokenizer.json model.safetensors metrics.jsonl samples.jsonl README.md"


@pytest.fixture
def cli(capsys, monkeypatch):
    """Runs a command; returns exit code, stdout and stderr."""
    monkeypatch.setattr("warnings.showwarning", None)  # the command sets its own; put back afterwards

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def complaint(cli):
    """Runs a command that must be refused as bad input; returns its one line."""

    def run(*arguments: object, code: int = 2) -> str:
        found, out, err = cli(*arguments)
        assert (found, out) == (code, ""), err
        assert err.count("\n") == 1, err
        assert "Traceback" not in err
        return err

    return run


def settings() -> list[str]:
    return [
        part for key, value in tiny.SETTINGS.items() for part in (f"--{key.replace('_', '-')}", str(value))
    ]


class TestMain:
    @pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
    def test_help_names_every_command(self, cli, arguments):
        code, out, err = cli(*arguments)
        assert (code, err) == (0, "")
        assert all(name in out for name in COMMANDS)

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_help(self, cli, name):
        code, out, _ = cli(name, "--help")
        assert code == 0
        assert out.startswith(f"usage: riverrun {name}")

    def test_version(self, cli):
        assert cli("--version")[1].startswith("riverrun ")

    def test_a_misspelt_command_is_guessed(self, complaint):
        assert "did you mean generate?" in complaint("genrate")
        assert "the commands are train" in complaint("xyzzy")

    @pytest.mark.parametrize(
        "arguments", [["generate"], ["score"], ["data"], ["show", "a", "b"], ["data", "put"]]
    )
    def test_wrong_arguments_point_to_the_help(self, complaint, arguments):
        assert "--help" in complaint(*arguments)

    def test_an_unforeseen_error_is_one_line_and_a_traceback_on_demand(
        self, cli, complaint, trained, monkeypatch
    ):
        monkeypatch.setattr("riverrun.api.load", _broken)
        assert "RuntimeError: two lines" in complaint("show", trained, code=1)
        with pytest.raises(RuntimeError):
            cli("show", trained, "--debug")

    def test_errors_show_their_place_only_on_demand(self, cli):
        from riverrun.errors import ModelError

        with pytest.raises(ModelError):
            cli("show", "/no/such/model", "--debug")


def table(printed: str, delimiter: str = "\t") -> list[list[str]]:
    return list(csv.reader(io.StringIO(printed, newline=""), delimiter=delimiter))


def ignoring_warnings(cli, *command: object) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cli(*command)[1]


def _broken(*arguments: object) -> None:
    raise RuntimeError("two\nlines")


class TestTrain:
    def test_leaves_a_model_and_ends_with_one_object(self, cli, corpus, tmp_path):
        command = ["train", corpus, "-o", tmp_path / "model", "--steps", "6", "--json", *settings()]
        code, out, err = cli(*command)
        assert code == 0
        report = json.loads(out)
        assert {
            "model",
            "steps",
            "seconds",
            "validation_nats_per_token",
            "validation_bits_per_character",
        } <= set(report)
        assert (report["model"], report["steps"]) == (str(tmp_path / "model"), 6)
        assert "held-out loss" in err
        for name in (
            "config.toml",
            "tokenizer.json",
            "model.safetensors",
            "metrics.jsonl",
            "samples.jsonl",
            "README.md",
        ):
            assert (tmp_path / "model" / name).stat().st_size

    def test_without_json_stdout_is_empty(self, cli, corpus, tmp_path):
        code, out, _ = cli("train", corpus, "-o", tmp_path / "model", "--steps", "2", *settings())
        assert (code, out) == (0, "")

    def test_the_directory_is_named_after_the_text(self, cli, corpus, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        cli("train", corpus, "--steps", "2", *settings())
        assert (tmp_path / "river" / "model.safetensors").exists()

    @pytest.mark.parametrize("budget", [["--epochs", "0.02"], ["--minutes", "0.005"]])
    def test_other_budgets(self, cli, corpus, tmp_path, budget):
        code, out, _ = cli("train", corpus, "-o", tmp_path / "model", "--json", *budget, *settings())
        assert code == 0
        assert json.loads(out)["steps"] >= 1

    def test_flags_win_over_the_file_and_the_file_over_defaults(self, cli, corpus, tmp_path):
        config = tmp_path / "settings.toml"
        config.write_text("[model]\nhidden = 5\nlayers = 2\n[budget]\nminutes = 9\n[training]\nthreads = 1\n")
        command = [
            "train",
            corpus,
            "-o",
            tmp_path / "m",
            "--config",
            config,
            "--steps",
            "2",
            "--model.layers=1",
        ]
        assert cli(*command)[0] == 0
        shown = json.loads(cli("show", tmp_path / "m", "--json")[1])["settings"]
        assert (shown["model"]["hidden"], shown["model"]["layers"]) == (5, 1)
        assert shown["budget"] == {"steps": 2}

    @pytest.mark.parametrize("flag", [["--text.lower"], ["--text.lower=true"], ["--text.lower", "true"]])
    def test_switches(self, cli, tmp_path, flag):
        (tmp_path / "text.txt").write_text("River RUNS " * 60)
        assert (
            cli("train", *flag, tmp_path / "text.txt", "-o", tmp_path / "m", "--steps", "2", *settings())[0]
            == 0
        )
        assert "R" not in json.loads((tmp_path / "m" / "tokenizer.json").read_text())["symbols"]

    def test_standard_input(self, cli, tmp_path, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(tiny.text().encode())))
        assert cli("train", "-", "-o", tmp_path / "model", "--steps", "2", *settings())[0] == 0

    def test_resumes_and_overwrites(self, cli, complaint, corpus, tmp_path):
        tiny.kill_after(6, corpus, tmp_path / "model", training__checkpoint_every=2)
        assert "--resume" in complaint("train", corpus, "-o", tmp_path / "model", *settings())
        assert cli("train", corpus, "-o", tmp_path / "model", "--resume")[0] == 0
        tiny.train(corpus, tmp_path / "whole")
        assert tiny.weights(tmp_path / "model") == tiny.weights(tmp_path / "whole")
        command = ["train", corpus, "-o", tmp_path / "model", "--overwrite", "--steps", "2", *settings()]
        assert cli(*command)[0] == 0

    def test_all_bad_settings_are_reported_at_once(self, complaint, corpus, tmp_path):
        said = complaint(
            *("train", corpus, "-o", tmp_path / "m", "--model.hiden", "3", "--training.batch", "-1"),
            *("--trainng.chunk=x", "--model.dropout", "2", "--batch", "8", "--steps", "0"),
        )
        for part in (
            "--model.hiden (did you mean --model.hidden?)",
            "--trainng.chunk (did you mean --training.chunk?)",
            "--batch (did you mean --training.batch?)",
            "training.batch = '-1'",
            "model.dropout = '2'",
            "budget.steps = '0'",
        ):
            assert part in said

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "no such file"),
            (b"", "is empty"),
            (b"a", "too few"),
            (b"ab" * 8, "training text has 14 symbols, fewer than"),
            (b"\x89PNG\r\n\x1a\n", "is a picture: give a text"),
            ("naïve".encode("latin-1"), "byte 0xef at offset 2"),
            (b"text\x00", "zero byte near offset 4"),
        ],
    )
    def test_a_bad_text_is_one_line_and_leaves_nothing(self, complaint, content, said, tmp_path):
        if content is not None:
            (tmp_path / "text.txt").write_bytes(content)
        err = complaint("train", tmp_path / "text.txt", "-o", tmp_path / "m", "--training.chunk", "32")
        assert re.search(said, err)
        assert not (tmp_path / "m").exists()

    def test_no_text_at_all(self, complaint):
        assert "no text given" in complaint("train", "--steps", "3")
        assert "--output" in complaint("train", "--resume")

    @pytest.mark.parametrize("device", ["abacus", "cuda:77"])
    def test_a_device_that_is_not_there(self, complaint, corpus, tmp_path, device):
        assert "training.device" in complaint(
            "train", corpus, "-o", tmp_path / "m", "--training.device", device
        )

    def test_a_loss_that_is_no_number_is_a_failure(self, cli, corpus, tmp_path, monkeypatch):
        monkeypatch.setattr("riverrun.training.loop.math.isfinite", lambda value: False)
        code, _, err = cli("train", corpus, "-o", tmp_path / "m", "--steps", "5", *settings())
        assert code == 1
        assert "riverrun: the loss became" in err.splitlines()[-1]


class TestGenerate:
    def test_goes_on_from_the_prompt_the_same_for_the_same_seed(self, cli, trained):
        command = ["generate", trained, "the river", "--length", "20", "--seed", "1"]
        code, out, err = cli(*command)
        assert (code, err) == (0, "")
        assert out.startswith("the river")
        assert len(out) == len("the river") + 20 + 1
        assert cli(*command)[1] == out
        assert cli(*command[:-1], "2")[1] != out

    def test_json_has_the_samples(self, cli, trained):
        command = ["generate", trained, "the", "--length", "9", "--n", "3", "--seed", "1", "--json"]
        samples = json.loads(cli(*command)[1])["samples"]
        assert len(samples) == 3
        assert len({sample["text"] for sample in samples}) > 1
        for sample in samples:
            assert {"prompt", "text", "tokens", "finish_reason", "seconds"} <= set(sample)
            assert (sample["prompt"], sample["tokens"], sample["finish_reason"]) == ("the", 9, "length")

    def test_streamed_and_whole_are_the_same_text(self, cli, trained):
        command = ["generate", trained, "the", "--length", "40", "--seed", "4"]
        (sample,) = json.loads(cli(*command, "--json")[1])["samples"]
        assert cli(*command)[1] == f"the{sample['text']}\n"

    def test_stops_before_a_stop_text(self, cli, trained):
        command = ["generate", trained, "the", "--seed", "1", "--json", "--length", "500", "--stop", " "]
        (sample,) = json.loads(cli(*command)[1])["samples"]
        assert sample["finish_reason"] == "stop"
        assert " " not in sample["text"]

    @pytest.mark.parametrize(
        "flag", [["--greedy"], ["--temperature", "0"], ["--top-k", "1"], ["--top-p", "0"]]
    )
    def test_ways_to_be_greedy(self, cli, trained, flag):
        command = ["generate", trained, "the", "--length", "15"]
        assert cli(*command, *flag)[1] == cli(*command, "--greedy", "--seed", "9")[1]

    @pytest.mark.parametrize(
        "flag", [["--uniform"], ["--min-p", "0.1"], ["--typical-p", "0.5"], ["--repetition-penalty", "1.3"]]
    )
    def test_other_ways_to_choose(self, cli, trained, flag):
        code, out, _ = cli("generate", trained, "the", "--length", "15", "--seed", "3", *flag)
        assert code == 0
        assert len(out) == 19

    def test_several_samples_are_numbered(self, cli, trained):
        out = cli("generate", trained, "the", "--length", "5", "--n", "2")[1]
        assert "--- 1\nthe" in out
        assert "--- 2\nthe" in out

    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (["--temperature", "-1", "--top-p", "2", "--min-p", "nan"], "temperature.*top-p.*min-p"),
            (["--temperature", "warm"], "temperature"),
            (["--length", "-1"], "length"),
            (["--n", "0"], "n = 0"),
            (["--repetition-penalty", "0"], "repetition-penalty"),
            (["\udcff"], "not text"),
        ],
    )
    def test_values_out_of_range_are_refused(self, complaint, trained, flags, said):
        assert re.search(said, complaint("generate", trained, *flags))

    def test_an_unseen_character_is_named_in_a_warning(self, trained):
        command = [sys.executable, "-m", "riverrun.cli.main", "generate", trained, "thé", "--length", "3"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("thé")
        assert done.stderr.count("\n") == 1
        assert "warning: never seen in training and read as <unknown>: 'é'" in done.stderr

    def test_the_reader_may_leave(self, trained):
        """As with ``riverrun generate book --endless | head -c 100``."""
        command = [sys.executable, "-m", "riverrun.cli.main", "generate", trained, "the", "--endless"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert len(process.stdout.read(5000)) == 5000
            process.stdout.close()
            assert process.wait(timeout=60) == 0
            assert process.stderr.read() == b""


class TestScoreEvaluateShowData:
    def test_score_prints_a_table_of_tokens(self, cli, trained, tmp_path):
        (tmp_path / "text.txt").write_text("the age\n")
        header, *rows = table(cli("score", trained, tmp_path / "text.txt")[1])
        assert header == ["line", "text", "characters", "tokens", "surprisal_bits", "unknown"]
        assert [row[1] for row in rows] == list("the age\n")
        assert all(float(row[4]) >= 0 for row in rows)

    @pytest.mark.parametrize("text", ['a "quoted" \t text', "the\n\nage", "it's ours; # NA"])
    def test_score_shows_any_text_as_tables_are_read_elsewhere(self, cli, trained, tmp_path, text):
        (tmp_path / "text.txt").write_text(text)
        for flags, delimiter in (([], "\t"), (["--csv"], ",")):
            out = ignoring_warnings(cli, "score", trained, tmp_path / "text.txt", *flags)
            _, *rows = table(out, delimiter)
            assert "".join(row[1] for row in rows) == text

    def test_score_by_word_and_by_line(self, cli, trained, tmp_path):
        (tmp_path / "text.txt").write_text("the spirit of\n\nan age\n")
        bits = {}
        for by in ("token", "word", "line"):
            _, *rows = table(cli("score", trained, tmp_path / "text.txt", "--by", by)[1])
            bits[by] = sum(float(row[4]) for row in rows)
            shown = [(int(row[0]), row[1]) for row in rows]
            if by == "word":
                assert shown == [(1, "the"), (1, "spirit"), (1, "of"), (2, ""), (3, "an"), (3, "age")]
            if by == "line":
                assert shown == [(1, "the spirit of"), (2, ""), (3, "an age")]
        assert bits["word"] == pytest.approx(bits["token"], abs=1e-4)
        assert bits["line"] == pytest.approx(bits["token"], abs=1e-4)

    def test_score_of_lines_does_not_depend_on_the_others(self, cli, trained, tmp_path):
        (tmp_path / "one.txt").write_text("an age\n")
        (tmp_path / "two.txt").write_text("the river\n\nan age")
        _, alone = table(cli("score", trained, tmp_path / "one.txt", "--lines")[1])
        header, *rows = table(cli("score", trained, tmp_path / "one.txt", tmp_path / "two.txt", "--lines")[1])
        assert header[0] == "file"
        assert [row[2] for row in rows] == ["an age", "the river", "", "an age"]
        assert [row[0] for row in rows] == [str(tmp_path / "one.txt")] + [str(tmp_path / "two.txt")] * 3
        assert rows[0][1:] == alone
        assert rows[3][2:] == alone[1:]
        evaluated = json.loads(cli("evaluate", trained, tmp_path / "one.txt", "--json")[1])
        bits = evaluated["bits_per_character"] * evaluated["characters"]
        assert float(alone[4]) == pytest.approx(bits, rel=1e-5)

    def test_score_as_json_lines_and_as_one_object(self, cli, trained, tmp_path):
        (tmp_path / "text.txt").write_text("the age\nours\n")
        out = cli("score", trained, tmp_path / "text.txt", "--by", "word", "--jsonl")[1]
        rows = [json.loads(line) for line in out.splitlines()]
        assert [row["text"] for row in rows] == ["the", "age", "ours"]
        assert set(rows[0]) == {"line", "text", "characters", "tokens", "surprisal_bits", "unknown"}
        assert (
            json.loads(cli("score", trained, tmp_path / "text.txt", "--by", "word", "--json")[1])["rows"]
            == rows
        )

    def test_score_shows_unknown_characters_as_they_are(self, cli, trained, tmp_path):
        (tmp_path / "text.txt").write_text("an жage\n")
        _, *rows = table(ignoring_warnings(cli, "score", trained, tmp_path / "text.txt", "--by", "word"))
        assert [(row[1], row[5]) for row in rows] == [("an", "0"), ("жage", "1")]

    def test_score_refuses_what_does_not_go_together(self, complaint, cli, trained, corpus, tmp_path):
        assert "one text" in complaint("score", trained, corpus, corpus, "--html", tmp_path / "page.html")
        assert "one text" in complaint("score", trained, corpus, corpus, "--json")
        assert "leave out --lines" in complaint("score", trained, corpus, "--html", tmp_path / "p", "--lines")
        tiny.train(corpus, tmp_path / "m", text__unit="clause", training__batch=1, training__chunk=2)
        assert "several words" in complaint("score", tmp_path / "m", corpus, "--by", "word")

    def test_score_json(self, cli, trained, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"the age")))
        report = json.loads(cli("score", trained, "--json")[1])
        assert set(report) == EVALUATE_KEYS | {"token_scores"}
        assert [token["text"] for token in report["token_scores"]] == list("the age")
        assert set(report["token_scores"][0]) == {"text", "surprisal_bits", "known"}

    def test_score_page_shows_the_text_and_loads_nothing(self, cli, trained, tmp_path):
        (tmp_path / "text.txt").write_text("it & we <b>")
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            code, _, err = cli("score", trained, tmp_path / "text.txt", "--html", tmp_path / "page.html")
        page = (tmp_path / "page.html").read_text()
        assert code == 0
        assert "never seen" in err
        assert "src=" not in page
        assert "http" not in page
        assert "<script" not in page

    def test_evaluate_says_what_was_learned_and_puts_held_out_text_first(self, cli, trained, corpus):
        report = json.loads(cli("evaluate", trained, corpus, "--json")[1])
        assert set(report) == EVALUATE_KEYS | {"caveat", "learned_share", "chose_the_weights", "held_out"}
        assert report["tokens"] == report["characters"] == len(corpus.read_text())
        assert report["learned_share"] == pytest.approx(0.9, abs=1e-3)
        held_out = report["held_out"]
        assert held_out["tokens"] == report["tokens"] - int(report["tokens"] * 0.9)
        shown = json.loads(cli("show", trained, "--json")[1])["facts"]
        assert held_out["nats_per_token"] == pytest.approx(shown["validation_nats_per_token"], rel=0.02)
        first, header, *lines = cli("evaluate", trained, corpus)[1].splitlines()
        assert first.startswith(
            "the model has learned from the first 90% of this; the rest was held out; it chose"
        )
        assert header.split() == ["held", "out", "all", "of", "it"]
        (line,) = [line for line in lines if line.startswith("bits per character")]
        assert line.split()[3:] == [f"{each['bits_per_character']:.4f}" for each in (held_out, report)]

    def test_evaluate_another_text(self, cli, trained, tmp_path):
        (tmp_path / "other.txt").write_text("the river is ours\n" * 5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = json.loads(cli("evaluate", trained, tmp_path / "other.txt", "--json")[1])
            assert "bits per character" in cli("evaluate", trained, tmp_path / "other.txt")[1]
        assert set(report) == EVALUATE_KEYS | {"caveat"}

    def test_evaluate_a_file_that_was_held_out(self, cli, corpus, tmp_path):
        (tmp_path / "v.txt").write_text(tiny.text(100, seed=5))
        tiny.train(corpus, tmp_path / "m", data__validation=str(tmp_path / "v.txt"))
        assert cli("evaluate", tmp_path / "m", tmp_path / "v.txt")[1].startswith(
            "the model did not learn from this; it chose the weights"
        )
        assert "learned from all of this" in cli("evaluate", tmp_path / "m", corpus)[1]

    def test_evaluate_several_files(self, cli, complaint, trained, tmp_path):
        for name in ("a", "b"):
            (tmp_path / f"{name}.txt").write_text(tiny.text(20, seed=ord(name)))
        files = [tmp_path / "a.txt", tmp_path / "b.txt"]
        reports = json.loads(cli("evaluate", trained, *files, "--json")[1])["files"]
        alone = json.loads(cli("evaluate", trained, files[0], "--json")[1])
        assert f"{files[1]}:" in cli("evaluate", trained, *files)[1]
        assert [report["file"] for report in reports] == list(map(str, files))
        assert reports[0] == {"file": str(files[0])} | alone
        assert "no such file" in complaint("evaluate", trained, files[0], tmp_path / "missing")

    def test_evaluate_says_what_is_left_out_and_how_little_there_is(self, cli, corpus, tmp_path):
        tiny.train(corpus, tmp_path / "m", text__unknown="skip")
        (tmp_path / "t.txt").write_text("age" + "ж" * 19)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = json.loads(cli("evaluate", tmp_path / "m", tmp_path / "t.txt", "--json")[1])
            out = cli("evaluate", tmp_path / "m", tmp_path / "t.txt")[1]
        assert report["bits_per_character"] is None
        assert re.search(r"bits per character +undefined", out)
        assert (
            "only 3 tokens: the figures say next to nothing; 19 of 22 characters left out: 'ж' (19 times)"
            in out
        )

    def test_evaluate_pairs_that_were_learned_from(self, cli, translated, pairs):
        out = cli("evaluate", translated, pairs, "--beam", "1")[1]
        assert out.startswith("the model has learned from 90% of these pairs")

    @pytest.mark.parametrize("precision", ["bf16", "int8"])
    def test_fewer_bits_give_nearly_the_same(self, cli, trained, corpus, precision):
        exact, rough = (
            json.loads(cli("evaluate", trained, corpus, "--json", *more)[1])["nats_per_token"]
            for more in ([], ["--precision", precision])
        )
        assert exact != rough == pytest.approx(exact, rel=0.02)
        assert cli("score", trained, corpus, "--precision", precision)[0] == 0
        written = cli("generate", trained, "the ", "--length", 30, "--seed", 1, "--precision", precision)
        assert (written[0], len(written[1])) == (0, len("the ") + 31)

    def test_show(self, cli, trained):
        report = json.loads(cli("show", trained, "--json")[1])
        assert report["settings"]["model"]["hidden"] == 16
        assert report["facts"]["steps"] == 40
        assert "model.hidden" in cli("show", trained)[1]

    def test_data(self, cli, complaint, own_cache, monkeypatch):
        code, out, _ = cli("data", "list")
        assert code == 0
        assert "python-docs" in out
        assert Path(cli("data", "get", "python-docs")[1].strip()).exists()
        assert "MB freed" in cli("data", "clean")[1]
        assert "no text is called" in complaint("data", "get", "nothing")
        assert "give one name" in complaint("data", "get")
        assert "give the files" in complaint("data", "show")
        assert "give no name" in complaint("data", "list", "nothing")

    def test_data_show_prints_what_would_be_learned(self, cli, complaint, tmp_path):
        (tmp_path / "page.html").write_text("<title>no</title><p>A page\n of text.</p>")
        code, out, err = cli("data", "show", tmp_path / "page.html")
        assert (code, out) == (0, "A page of text.\n")
        assert err == f"{tmp_path / 'page.html'}: 16 characters\n"
        assert cli("data", "show", tmp_path / "page.html", "--format", "text")[1].startswith("<title>")
        (tmp_path / "rows.jsonl").write_text('{"body": "one"}\n{"body": "two"}\n')
        assert cli("data", "show", tmp_path / "rows.jsonl", "--data.field", "body")[1:] == (
            "one\ntwo\n",
            f"{tmp_path / 'rows.jsonl'}: 8 characters in 2 documents\n",
        )
        assert "choose one by --data.field" in complaint("data", "show", tmp_path / "rows.jsonl")

    @pytest.mark.parametrize("command", ["score", "evaluate"])
    def test_a_bad_text_is_refused(self, complaint, trained, command, tmp_path):
        assert "no such file" in complaint(command, trained, tmp_path / "missing.txt")
        (tmp_path / "empty.txt").write_text("")
        assert "empty" in complaint(command, trained, tmp_path / "empty.txt")

    @pytest.mark.parametrize("command", ["generate", "score", "evaluate", "show"])
    def test_a_bad_model_is_refused(self, complaint, command, trained, corpus, tmp_path):
        text = [corpus] if command in ("score", "evaluate") else []
        assert "no such model directory" in complaint(command, tmp_path / "missing", *text)
        assert "no such model directory" in complaint(command, corpus, *text)
        shutil.copytree(trained, tmp_path / "model")
        (tmp_path / "model" / "model.safetensors").unlink()
        assert "model.safetensors is missing" in complaint(command, tmp_path / "model", *text)

    def test_a_page_that_cannot_be_written_is_refused(self, complaint, trained, corpus, tmp_path):
        (tmp_path / "file").write_text("")
        assert "cannot be written" in complaint(
            "score", trained, corpus, "--html", tmp_path / "file" / "page.html"
        )


class TestOutputThatCannotBeWritten:
    @pytest.mark.parametrize("command", ["show", "generate"])
    def test_a_full_disk_is_one_line(self, command, trained):
        if not os.path.exists("/dev/full"):
            pytest.skip("there is no /dev/full here")
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "riverrun.cli.main", command, trained],
                stdout=full,
                stderr=subprocess.PIPE,
            )
        assert done.returncode == 1
        assert done.stderr.decode().splitlines()[-1] == "riverrun: output: No space left on device"

    def test_a_closed_one_is_no_failure(self, trained):
        command = f'"{sys.executable}" -m riverrun.cli.main show "{trained}" >&-'
        done = subprocess.run(command, shell=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
