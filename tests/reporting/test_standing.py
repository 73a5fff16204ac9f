"""How good a model is, in words, and what to try next."""

import json
import shutil

import pytest

import riverrun
import tiny
from riverrun.evaluation.yardsticks import Yardsticks, yardsticks
from riverrun.reporting.standing import compared, next_steps, verdict
from riverrun.training.events import Evaluated, to_dict


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        (4.5, "hardly begun"),
        (2.6, "do as well"),
        (2.4, "4% better"),
        (1.25, "50% better than the best of these, which is good"),
    ],
)
def test_a_figure_is_judged_against_simple_means(bits, said):
    assert said in verdict(bits, Yardsticks(4.0, 2.5, 3.0))


def test_the_held_out_part_is_measured_where_the_text_is_at_hand(model, corpus):
    text = corpus.read_text()
    cut = int(len(text) * 0.9)
    held = compared(model, 0.1)
    assert held is not None
    assert held.characters == len(text) - cut
    assert held.simple == yardsticks(text[:cut], text[cut:])


def test_a_text_that_is_gone_or_another_or_came_from_a_pipe_is_not_measured(trained, tmp_path):
    for inputs in (["/no/such/text"], [str(tmp_path / "other.txt")], ["-"], [], "none"):
        (tmp_path / "other.txt").write_text(tiny.text(seed=5))
        copy = shutil.copytree(trained, tmp_path / "model", dirs_exist_ok=True)
        note = json.loads((copy / "request.json").read_text())
        (copy / "request.json").write_text(json.dumps(note | {"inputs": inputs}))
        assert compared(riverrun.load(copy), 0.1) is None


class TestNextSteps:
    def steps(self, path, losses: list[float], epoch: float, reason: str = "finished") -> list[str]:
        lines = [
            to_dict(
                Evaluated(n, len(losses), epoch * n / len(losses), float(n), loss, {}, loss == min(losses))
            )
            for n, loss in enumerate(losses, 1)
        ]
        (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        loaded = riverrun.load(path)
        loaded.facts["reason"] = reason
        return [f"{command} ({why})" for command, why in next_steps(loaded)]

    @pytest.fixture
    def copy(self, trained, tmp_path):
        return shutil.copytree(trained, tmp_path / "model", ignore=shutil.ignore_patterns("checkpoints"))

    def test_follow_from_how_the_run_went(self, copy, corpus):
        assert "--minutes 1 (it has read only 50%" in self.steps(copy, [2.0, 1.5], 0.5)[0]
        assert "--model.dropout 0.3 (it got worse" in self.steps(copy, [2.0, 1.5, 1.7], 9)[0]
        assert "still getting better" in self.steps(copy, [2.0, 1.5], 9)[0]
        assert str(corpus) in self.steps(copy, [2.0, 1.5], 9)[0]
        assert "generate" in self.steps(copy, [2.0, 1.5, 1.505], 9)[0]

    def test_a_stopped_run_is_gone_on_with(self, copy):
        assert "--resume" in self.steps(copy, [2.0], 9, "interrupted")[0]

    def test_a_translator_translates(self, translated):
        commands = [command for command, _ in next_steps(riverrun.load(translated))]
        assert any("riverrun translate" in command for command in commands)
        assert not any("generate" in command for command in commands)
