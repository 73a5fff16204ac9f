"""Corpora to integer ids on disk to batches."""
