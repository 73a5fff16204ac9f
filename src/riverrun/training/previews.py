"""Samples of what a language model does now, from one seed text of the corpus."""

import numpy as np

from riverrun import config
from riverrun.data.ids import IdFile
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin, stream
from riverrun.models.language_model import LanguageModel
from riverrun.text import START, Tokenizer
from riverrun.training.checkpoints import as_array
from riverrun.training.task import Preview

_SEED_LENGTH = 40  # symbols


def previews(
    model: LanguageModel, settings: config.Settings, tokenizer: Tokenizer, training: IdFile, step: int
) -> list[Preview]:
    """One sample at each of the set temperatures; another seed text for each step."""
    length = settings.training.preview_length
    if not length:
        return []
    prompt = _seed_text(training, settings.training.seed, step)
    weights = {name: as_array(tensor) for name, tensor in model.state_dict().items()}
    decoder = PlainDecoder(weights, settings.model.model_dump())  # a few symbols: not worth compiling
    samples = []
    for temperature in settings.training.preview_temperatures:
        sampling = Sampling(temperature=temperature)
        start = begin(decoder, prompt, sampling, settings.data.reading == "lanes")
        blocks = list(stream(decoder, [start], sampling, settings.training.seed + step, length))
        text = tokenizer.decode(np.concatenate(blocks, axis=1)[0])
        samples.append(Preview(f"temperature {temperature:g}", tokenizer.decode(prompt), text))
    return samples


def _seed_text(training: IdFile, seed: int, step: int) -> np.ndarray:
    count = min(_SEED_LENGTH, training.length)
    place = int(np.random.default_rng((seed, step)).integers(training.length - count + 1))
    ids = training.read(place, place + count)
    return ids[ids != START]
