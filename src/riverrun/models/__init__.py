"""Networks over symbol ids: recurrent cores and the language model built on them.

Shapes by one legend: B batch, T time, V vocabulary, E embedding, H hidden, L layers. Time comes first.
"""
