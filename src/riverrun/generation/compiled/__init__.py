"""The compiled decoder: the same arithmetic as the plain one, as machine code that runs many symbols a call.

A model's weights are packed once (``weights``), a compiled loop walks through them (``loop`` and what it
uses), its machine code is kept on disk (``machine_code``), and ``decoder`` calls it. The modules that define
the code import numba; they are themselves imported only when there is no machine code on disk yet.
"""
