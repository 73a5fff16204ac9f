"""A language model's task reads its text as the model will be used."""

import pytest
import torch
import torch.nn.functional as F

import tiny
from riverrun.config.building import build_settings
from riverrun.data.batch import Cursor
from riverrun.data.corpus import open_corpus
from riverrun.data.held_out import split_text
from riverrun.training.language import new_language_model


@pytest.mark.parametrize("features", [1, 2, 3])
@pytest.mark.parametrize("kind", ["embedding", "one-hot"])
def test_lanes_are_read_as_one_long_text_whatever_is_shown_at_a_step(features, kind, tmp_path):
    (tmp_path / "t.txt").write_text(tiny.text(400))
    settings = build_settings(
        {"model.features": features, "model.input": kind, "training.batch": 3, "training.chunk": 8}
    )
    task = new_language_model(
        settings, split_text(open_corpus([str(tmp_path / "t.txt")]), 0.1), torch.device("cpu")
    )
    task.model.eval()
    carried, losses, batches, cursor = task.initial_carried(), [], [], Cursor()
    for _ in range(3):
        batches.append(task.reader.read(cursor))
        step = task.learn(cursor, carried)
        losses.append(step.loss)
        carried, cursor = step.carried, cursor.after(task.steps_per_epoch)
    inputs = torch.cat([torch.from_numpy(batch.inputs.copy()) for batch in batches])
    targets = torch.cat([torch.from_numpy(batch.targets.copy()) for batch in batches]).long()
    with torch.no_grad():
        logits, _ = task.model(inputs, task.model.initial_state(3))
    whole = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(3, -1).mean(dim=1)
    assert losses == pytest.approx(whole.tolist(), abs=2e-2)  # products of the task may be in bf16
