"""The training loop, top to bottom. It decides visibly and yields events; observers cannot change a run."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from riverrun.config.settings import BudgetSettings, TrainingSettings
from riverrun.errors import TrainingError
from riverrun.training import checkpoints, events
from riverrun.training.checkpoints import Checkpoint, RunState
from riverrun.training.optimization import Optimizer, learning_rate
from riverrun.training.planning import Clock, plan_steps
from riverrun.training.task import Task, as_used


def train(
    task: Task,
    settings: TrainingSettings,
    budget: BudgetSettings,
    folder: Path,
    clock: Clock,
    should_stop: Callable[[], bool] = lambda: False,
    begun: Checkpoint | None = None,
) -> Iterator[events.Event]:
    """Fit a task's model, from where a checkpoint stands if one is given.

    Args:
        task: the model with its data, on the device it shall run on.
        settings: resolved settings.
        budget: exactly one of minutes, epochs, steps.
        folder: where checkpoints go; the best one stays there at the end.
        clock: knows when the command began.
        should_stop: asked after every step; True saves and ends the run.
        begun: the checkpoint to go on from.

    Raises:
        TrainingError: the loss is not a number; the checkpoints stay.
    """
    device = next(task.model.parameters()).device
    optimizer = Optimizer(task.model, settings)
    state, carried = RunState(), task.initial_carried()
    if begun is not None:
        state, carried = checkpoints.restore(begun, task.model, optimizer, carried)
    clock.resume(state.seconds)
    yield events.Started(
        state.step,
        sum(p.numel() for p in task.model.parameters()),
        str(device),
        settings.precision,
        *task.tokens,
    )
    if begun is not None and state.steps is not None:
        yield events.Planned(state.step, state.steps, state.evaluate_every, state.validation_limit)
    last_report = (clock.seconds(), state.step)
    stopping = False
    task.model.train()

    while not (stopping or _exhausted(state, settings) or state.step == state.steps):
        # When the pace is known, fix the number of steps.
        if (
            state.steps is None
            and (plan := plan_steps(task, settings, budget, state.step, clock)) is not None
        ):
            state.steps, state.evaluate_every, state.validation_limit = plan
            yield plan.event(state.step)

        # One step.
        rate = learning_rate(settings, state.step, state.steps, state.plateau)
        optimizer.forget_gradients()
        step = task.learn(state.cursor, carried)
        norm = optimizer.clip_gradients()
        if not (math.isfinite(step.loss) and math.isfinite(norm)):
            fault = f"gradient became {norm}" if math.isfinite(step.loss) else f"loss became {step.loss}"
            raise TrainingError(_diverged(f"the {fault}", state.step, rate, folder))
        optimizer.step(rate)
        carried = step.carried
        state.step += 1
        state.cursor = step.after
        state.loss_sum += step.loss * step.tokens
        state.loss_tokens += step.tokens
        stopping = should_stop()
        finished = state.step == state.steps

        # Report at fixed steps, so that a resumed run reports the same losses.
        evaluating = finished or bool(state.evaluate_every and state.step % state.evaluate_every == 0)
        reporting = evaluating or state.step % _report_every(state) == 0
        if reporting or stopping:
            pace = (state.step - last_report[1]) / max(1e-9, clock.seconds() - last_report[0])
            last_report = (clock.seconds(), state.step)
            yield events.Progress(
                state.step,
                state.steps,
                state.step / task.steps_per_epoch,
                state.loss_sum / max(1, state.loss_tokens),
                rate,
                pace * step.tokens,
                clock.seconds(),
            )
        if reporting:
            state.loss_sum, state.loss_tokens = 0.0, 0

        # Evaluate.
        improved = False
        if evaluating:
            with as_used(task.model):
                validation = task.validate(state.validation_limit)
                previews = task.previews(state.step)
            held_out = validation.nats_per_token
            if not math.isfinite(held_out):
                raise TrainingError(
                    _diverged(f"the held-out loss became {held_out}", state.step, rate, folder)
                )
            improved = state.best is None or validation.judged_by < state.best.error
            state.plateau = state.plateau.after(validation.judged_by, settings)
            state.waited = 0 if improved else state.waited + 1
            if improved:
                state.best = events.Best(state.step, held_out, validation.judged_by, validation.figures)
            yield events.Evaluated(
                state.step,
                state.steps,
                state.step / task.steps_per_epoch,
                clock.seconds(),
                held_out,
                validation.figures,
                improved,
            )
            for preview in previews:
                yield events.Previewed(state.step, *preview)

        # Save.
        due = state.step % settings.checkpoint_every == 0 if settings.checkpoint_every else evaluating
        if due or improved or stopping or finished or _exhausted(state, settings):
            if not all(p.isfinite().all() for p in task.model.parameters()):
                raise TrainingError(_diverged("a weight became infinite", state.step, rate, folder))
            state.seconds = clock.seconds()
            path = checkpoints.save(folder, state, task.model, optimizer, carried, task.files(), task.facts())
            checkpoints.prune(folder, settings.keep_checkpoints, state)
            yield events.Saved(state.step, str(path))

    finished = state.step == state.steps
    reason = "early stopping" if _exhausted(state, settings) else "finished" if finished else "interrupted"
    yield events.Stopped(
        state.step,
        state.steps,
        reason,
        clock.seconds(),
        state.best,
    )


def _exhausted(state: RunState, settings: TrainingSettings) -> bool:
    """Whether early stopping's patience is at its end."""
    return settings.early_stopping is not None and state.waited >= settings.early_stopping


def _report_every(state: RunState) -> int:
    """About 200 progress events a run; every 10 steps while its length is unknown."""
    return 10 if state.steps is None else max(1, state.steps // 200)


def _diverged(what: str, step: int, rate: float, folder: Path) -> str:
    kept = checkpoints.list_steps(folder)
    where = f"the last good checkpoint is {kept[-1]}" if kept else "there is no checkpoint yet"
    return (
        f"{what} at step {step} (learning rate {rate:.2g}); {where}; "
        "lower --training.learning-rate or --training.clip and train again"
    )
