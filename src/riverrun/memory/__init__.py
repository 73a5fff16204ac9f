"""What was read, word for word: counts of what followed every context, and a gate that mixes them with a network.

No torch. ``learning`` makes a :class:`~riverrun.memory.memory.Memory` of ids, ``gate`` says how far to trust it.
"""
