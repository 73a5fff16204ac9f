"""What is measured on held-out pairs while training: spread over all of them, the same at every evaluation."""

from pathlib import Path

import torch

import tiny_pairs
from riverrun.config.building import build_settings
from riverrun.data.held_out import split_pairs
from riverrun.data.pairs import open_pairs
from riverrun.training.pair_task import PairTask, new_translator


def task(tmp_path: Path, **more: str) -> PairTask:
    path = tiny_pairs.write(tmp_path / "p.tsv", tiny_pairs.pronunciations(300))
    dotted = {name.replace("__", "."): value for name, value in more.items()}
    settings = build_settings(tiny_pairs.SETTINGS, {"data.validation": 0.5, "budget.steps": 1}, dotted)
    torch.manual_seed(0)
    split = split_pairs(open_pairs((str(path),)), settings.data.validation, 0)
    made = new_translator(settings, split, torch.device("cpu"))
    made.model.eval()
    return made


@torch.inference_mode()
def test_a_loss_over_some_is_like_that_over_all(tmp_path: Path):
    """The shortest alone were scored where not all were."""
    of = task(tmp_path, model__attention="dot")
    nats, tokens = of.held_out.loss(of.model, 1 << 20)
    some, fewer = of.held_out.loss(of.model, tokens // 4)
    assert tokens // 8 < fewer < tokens // 2
    assert abs(nats / tokens - some / fewer) < 0.1
    lengths = of.held_out.pairs.targets.lengths
    assert tokens == int((lengths + 1).sum())
    assert abs(fewer / tokens * len(lengths) - len(lengths) / 4) < len(lengths) / 10


@torch.inference_mode()
def test_previews_show_the_same_pairs_at_every_evaluation(tmp_path: Path):
    of = task(tmp_path, model__attention="none")
    first, later = of.previews(10), of.previews(500)
    assert first == later
    assert len({preview.prompt for preview in first}) == 3
    assert all(preview.label.startswith("wanted ") for preview in first)


def test_the_number_of_pairs_is_known(tmp_path: Path):
    of = task(tmp_path)
    assert sum(of.pairs) == len(tiny_pairs.pronunciations(300))
    assert of.facts()["pairs"] == of.pairs[0]
