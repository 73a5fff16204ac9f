"""From logits to symbols: sampling, the plain decoder, streams of ids. Ids only, never text; no torch."""
