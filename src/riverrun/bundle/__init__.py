"""The model directory. No torch, no pickle.

A model is ``config.toml``, ``tokenizer.json`` and ``model.safetensors``, and a ``manifest.json`` that names them with
their sizes and checksums. All of it comes in by ``reading`` and goes out by ``saving``.
"""

from riverrun.bundle.reading import Bundle, LanguageBundle, TranslatorBundle, read_bundle, read_facts
from riverrun.bundle.weight_file import Weights

__all__ = ["Bundle", "LanguageBundle", "TranslatorBundle", "Weights", "read_bundle", "read_facts"]
