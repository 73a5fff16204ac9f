"""riverrun: recurrent sequence models on your own text."""
