"""``riverrun bench`` and the timing of ``generate --json``: what they report, not how fast this machine is."""

import json

import pytest

from riverrun.cli.main import main


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_reports_speed_and_shares(trained, capsys, precision):
    command = ["bench", str(trained), "--json", "--seconds", "0.05", "--n", "2", "--precision", precision]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["characters_per_second"] > 0
    assert report["score_characters_per_second"] > 0
    assert report["first_symbol_seconds"] > 0
    assert set(report["microseconds_per_symbol"]) == {"recurrence", "projection", "sampling"}
    assert {"import", "load_and_verify", "pack_weights_and_load_code"} < set(report["start_seconds"])


def test_prints_a_table(trained, capsys):
    assert main(["bench", str(trained), "--seconds", "0.05"]) == 0
    assert "characters/s" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--seconds", "0"], ["--seconds", "nan"], ["--n", "0"]])
def test_refuses(trained, capsys, arguments):
    assert main(["bench", str(trained), *arguments]) == 2
    assert arguments[0] in capsys.readouterr().err


def test_generate_reports_its_timing(trained, capsys):
    assert main(["generate", str(trained), "the ", "--length", "30", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["first_symbol_seconds"] > 0
    assert report["characters_per_second"] > 0
