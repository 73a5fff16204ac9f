"""Samples of what a language model does now, from one seed text of the corpus."""

import numpy as np

from riverrun.config.resolved import LanguageSettings
from riverrun.data.ids import IdFile
from riverrun.generation.decoder import build_decoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin
from riverrun.models.language_network import LanguageModel
from riverrun.models.weights import weights_of
from riverrun.text import START, Tokenizer
from riverrun.text.permitted import permitted_by
from riverrun.training.task import Preview

_SEED_LENGTH = 40  # symbols


def previews(
    model: LanguageModel, settings: LanguageSettings, tokenizer: Tokenizer, training: IdFile
) -> list[Preview]:
    """One sample at each of the set temperatures, written together; the same seed text all along."""
    length = settings.training.preview_length
    if not length or not settings.training.preview_temperatures:
        return []
    prompt = _seed_text(training, settings.training.seed)
    # A first compilation would take longer than the previews of a short run: they do without it.
    rules = permitted_by(tokenizer)
    decoder = build_decoder(weights_of(model), settings.model, permitted=rules, compiling=False)
    samplings = [Sampling(temperature=temperature) for temperature in settings.training.preview_temperatures]
    start = begin(decoder, prompt, settings.data.reading == "lanes")
    count, seed = len(samplings), settings.training.seed
    texts, _ = decoder.write([start] * count, samplings, [(seed, 0)] * count, length)
    return [
        Preview(f"temperature {sampling.temperature:g}", tokenizer.decode(prompt), _text(tokenizer, text))
        for sampling, text in zip(samplings, texts, strict=True)
    ]


def _text(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    """The text of ids; an unfinished last character is left out."""
    return "".join(map(tokenizer.decoder().push, ids.tolist()))


def _seed_text(training: IdFile, seed: int) -> np.ndarray:
    count = min(_SEED_LENGTH, training.length)
    place = int(np.random.default_rng(seed).integers(training.length - count + 1))
    ids = training.read(place, place + count)
    return ids[ids != START]
