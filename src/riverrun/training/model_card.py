"""The model's own README: what it was trained on, how good it is, what it writes."""

from typing import Any


def model_card(name: str, facts: dict[str, Any], config: str, samples: list[dict[str, Any]]) -> str:
    """Markdown for a model directory.

    Args:
        name: of the directory.
        facts: of its manifest.
        config: its ``config.toml``.
        samples: previews of the run; those of the best step are shown.
    """
    corpus = facts["corpus"]
    figures = {
        key.removeprefix("validation_").replace("_", " "): value
        for key, value in facts.items()
        if key.startswith("validation_") and isinstance(value, float)
    }
    best = [sample for sample in samples if sample["step"] == facts.get("best_step")]
    lines = [
        f"# {name}",
        "",
        f"A {facts['kind']} made with riverrun.",
        "",
        f"- Trained on: {corpus['name']} ({corpus['characters']:,} characters, sha256 {corpus['sha256'][:16]}...)",
        f"- Training: {facts['steps']:,} steps in {facts['seconds']:.0f} s ({facts['reason']}); "
        f"weights of step {facts.get('best_step', facts['steps']):,}",
        *(f"- Held-out {label}: {value:.4f}" for label, value in figures.items()),
        "",
        "## Samples",
        "",
        *(
            f"{sample['label']}, after `{sample['prompt']!r}`:\n\n```\n{sample['text']}\n```\n"
            for sample in best
        ),
        "## Settings",
        "",
        f"```toml\n{config.strip()}\n```",
        "",
    ]
    return "\n".join(lines)
