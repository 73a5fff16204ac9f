"""The training loop, top to bottom. It decides visibly and yields events; observers cannot change a run."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from riverrun.config.resolved import Fitting
from riverrun.errors import TrainingError
from riverrun.models.cores import CoreState
from riverrun.training import checkpoints, events
from riverrun.training.checkpoints import RunState
from riverrun.training.clock import Clock
from riverrun.training.optimization import Optimizer, learning_rate
from riverrun.training.pacing import Pacer
from riverrun.training.planning import Planner
from riverrun.training.task import Task, as_used


def fit(
    task: Task,
    optimizer: Optimizer,
    state: RunState,
    carried: CoreState,
    settings: Fitting,
    planner: Planner | Pacer,
    folder: Path,
    clock: Clock,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[events.Event]:
    """Fit a task's model, from where a run stands to its end.

    Args:
        task: the model with its data, on the device it shall run on.
        optimizer: of the model's parameters.
        state, carried: where the run stands: of a checkpoint, or fresh ones.
        settings: of fitting.
        planner: knows how long the run is, or finds out.
        folder: where checkpoints go; the best one stays there at the end.
        clock: knows when the command began.
        should_stop: asked after every step; True saves and ends the run.

    Raises:
        TrainingError: the loss is not a number; the checkpoints stay.
    """
    clock.resume(state.seconds)
    yield events.Started(
        state.step,
        sum(p.numel() for p in task.model.parameters()),
        settings.device,
        settings.precision,
        *task.tokens,
        *task.pairs,
    )
    if state.plan is not None:
        torch.set_num_threads(state.plan.threads)
        yield state.plan.event(state.step)
    last_report = (clock.seconds(), state.step)
    stopping = False
    task.model.train()

    while not (stopping or _exhausted(state, settings) or _finished(state)):
        # When the pace is known, or has changed, fix how long the run is.
        if (plan := planner.plan(state.step, state.plan, state.cursor, carried)) is not None:
            state.plan = plan
            torch.set_num_threads(plan.threads)
            yield plan.event(state.step)

        # One step.
        began = clock.seconds()
        done = state.plan.done_at(state.step) if state.plan is not None else 0.0
        rate = learning_rate(settings, state.step, done, state.plateau)
        optimizer.forget_gradients()
        step = task.learn(state.cursor, carried)
        norm = optimizer.clip_gradients()
        if not (math.isfinite(step.loss) and math.isfinite(norm)):
            fault = f"gradient became {norm}" if math.isfinite(step.loss) else f"loss became {step.loss}"
            raise TrainingError(_diverged(f"the {fault}", state.step, rate, folder))
        optimizer.step(rate)
        carried = step.carried
        state.step += 1
        state.cursor = state.cursor.after(task.steps_per_epoch)
        state.loss_sum += step.loss * step.tokens
        state.loss_tokens += step.tokens
        planner.stepped(clock.seconds() - began)
        stopping = should_stop()
        epoch = state.step / task.steps_per_epoch
        steps = state.plan.steps if state.plan is not None else None

        # Report at fixed steps, so that a resumed run reports the same losses.
        evaluating = _evaluates(state)
        reporting = evaluating or state.step % _report_every(steps) == 0
        if reporting or stopping:
            pace = (state.step - last_report[1]) / max(1e-9, clock.seconds() - last_report[0])
            last_report = (clock.seconds(), state.step)
            yield events.Progress(
                state.step,
                steps,
                epoch,
                state.loss_sum / max(1, state.loss_tokens),
                rate,
                pace * step.tokens,
                clock.seconds(),
            )
        if reporting:
            state.loss_sum, state.loss_tokens = 0.0, 0

        # Evaluate.
        began = clock.seconds()
        improved = False
        if evaluating and state.plan is not None:
            with as_used(task.model):
                validation = task.validate(state.plan.limit)
                previews = task.previews(state.step)
            state.evaluated_at = state.step
            if validation is not None:
                if not math.isfinite(validation.nats_per_token):
                    fault = f"the held-out loss became {validation.nats_per_token}"
                    raise TrainingError(_diverged(fault, state.step, rate, folder))
                figures = {name: ratio.value for name, ratio in validation.figures.items()}
                improved = state.best is None or validation.error < state.best.error
                state.plateau = state.plateau.after(validation.error, settings)
                state.waited = 0 if improved else state.waited + 1
                if improved:
                    state.best = events.Best(state.step, validation.nats_per_token, validation.error, figures)
                yield events.Evaluated(
                    state.step, steps, epoch, clock.seconds(), validation.nats_per_token, figures, improved
                )
            for preview in previews:
                yield events.Previewed(state.step, *preview)

        # Save.
        due = state.step % settings.checkpoint_every == 0 if settings.checkpoint_every else evaluating
        if due or improved or stopping or _finished(state) or _exhausted(state, settings):
            if not all(p.isfinite().all() for p in task.model.parameters()):
                raise TrainingError(_diverged("a weight became infinite", state.step, rate, folder))
            state.seconds = clock.seconds()
            path = checkpoints.save(folder, state, task.model, optimizer, carried, task.files(), task.facts())
            checkpoints.prune(folder, settings.keep_checkpoints, state)
            yield events.Saved(state.step, str(path))
        if evaluating:
            planner.evaluated(clock.seconds() - began)

    exhausted, finished = _exhausted(state, settings), _finished(state)
    reason = "early stopping" if exhausted else "finished" if finished else "interrupted"
    yield events.Stopped(
        state.step,
        state.plan.steps if state.plan is not None else None,
        reason,
        state.step / task.steps_per_epoch,
        clock.seconds(),
        state.best,
    )


def _finished(state: RunState) -> bool:
    return state.plan is not None and state.step >= state.plan.steps


def _exhausted(state: RunState, settings: Fitting) -> bool:
    """Whether early stopping's patience is at its end."""
    return 0 < settings.early_stopping <= state.waited


def _evaluates(state: RunState) -> bool:
    if state.plan is None:
        return False
    return _finished(state) or state.step - state.evaluated_at >= state.plan.evaluate_every


def _report_every(steps: int | None) -> int:
    """About 200 progress events a run; every 10 steps while its length is unknown."""
    return 10 if steps is None else max(1, steps // 200)


def _diverged(what: str, step: int, rate: float, folder: Path) -> str:
    kept = checkpoints.list_steps(folder)
    where = f"the last good checkpoint is {kept[-1]}" if kept else "there is no checkpoint yet"
    return (
        f"{what} at step {step} (learning rate {rate:.2g}); {where}; "
        "lower --training.learning-rate or --training.clip and train again"
    )
