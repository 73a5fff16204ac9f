"""How good a model is: likelihood of text, edit distance, overlap with references."""
