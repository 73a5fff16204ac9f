"""The page: its engine and itself in JavaScript, and what packs, joins and serves them."""
