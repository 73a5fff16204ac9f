"""Every name in a model directory."""

MANIFEST = "manifest.json"
CONFIG = "config.toml"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
MEMORY = "memory.safetensors"
CARD = "README.md"
METRICS = "metrics.jsonl"
SAMPLES = "samples.jsonl"
REQUEST = "request.json"
CHECKPOINTS = "checkpoints"

MODEL = (CONFIG, TOKENIZER, WEIGHTS)
"""What a model is."""

RECORDS = (REQUEST, METRICS, SAMPLES)
"""What a run notes of itself."""

SHARED = (MANIFEST, *MODEL, MEMORY, CARD, *RECORDS)
"""What a copy of a model holds."""

OURS = (*SHARED, CHECKPOINTS)
"""All that a run makes, but for hidden files."""
