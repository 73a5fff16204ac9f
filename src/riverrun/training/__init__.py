"""Training: the loop, what it trains, optimisers and schedules, checkpoints, defaults."""
