"""Numbers that the packing of weights, the caller and the compiled loop must agree on. No numba here."""

from riverrun.generation.sampling import SETTINGS

LANES = 16
"""Width of the vectors in the products, in float32: one AVX-512 register, two of AVX2, four of NEON."""

PANEL = 4 * LANES
"""Rows of a matrix that one product holds in registers at once."""

LSTM, GRU, CONV = 0, 1, 2
WRITE, FEED, SCORE, PREDICT = 0, 1, 2, 3
RECURRENCE, PROJECTION_TOO, EVERYTHING = 1, 2, 3
FLOAT32, BFLOAT16, INT8 = 0, 1, 2

GATES = {LSTM: 4, GRU: 3, CONV: 2}
"""Rows of gates for each unit. Rows are ordered by blocks of LANES units, in a block by gate, then by unit:
whoever computes a block's rows has all that the block's units need."""

# A plan is int64: what the model is, then a matrix's fields wherever a matrix is named. Offsets count
# float32 elements from the start of the packed weights; -1 means that there is none.
CORE = 0
LAYERS = 1
VOCABULARY = 2
WIDTH = 3  # hidden units, rounded up to LANES
ROWS = 4  # rows of gates, rounded up to PANEL: elements from one vector of gates to the next
TABLE = 5  # what a symbol gives: rows of the first layer's gates (or of the entry), or its embedding
TABLE_WIDTH = 6
PROJECTION = 7  # a matrix
PROJECTION_BIAS = 8
TAPS = 9  # conv: inputs that a layer sees
ENTRY = 10  # conv without a folded table: a matrix
ENTRY_BIAS = 11
UNIT = 12  # panels of gates that belong to PANEL units: what a thread computes together
HEADER = 16

# Of each layer, from HEADER + layer * LAYER_FIELDS on:
INPUT = 0  # matrix from the layer below; -1 where the table holds its product already
INPUT_BIAS = 1
HIDDEN = 2  # matrix from the layer's own past; conv: the first of TAPS matrices
HIDDEN_BIAS = 3
MIXER = 4  # conv: a matrix
MIXER_BIAS = 5
PAST = 6  # time steps that the layer's history keeps; conv: one more such layer follows the last, of 0
LAYER_FIELDS = 8

# Of each matrix:
OFFSET = 0
COLUMNS = 1  # a multiple of LANES
PANELS = 2
KIND = 3
SCALES = 4  # int8: a factor for each row
MATRIX_FIELDS = 5

# A task is int64: what one call shall do. Addresses are of arrays in memory.
MODE = 0
COUNT = 1  # symbols to write or to read
SEQUENCES = 2
CHUNK = 3  # time steps that the histories have room for
MARGIN = 4  # columns of the trail before the first written symbol
STATE_SIZE = 5
PLAN = 6  # address: int64 [...]
WEIGHTS = 7  # address: float32 [...]
MEMORY = 8  # address: float32 [...], scratch, all zeros at first
PERMITTED = 9  # address: uint8 [M, V], see ``permitted``
STATES = 10  # address: float32 [K, STATE_SIZE], read and written
TRAIL = 11  # address: int64 [K, MARGIN + COUNT]: symbols known, then written
KNOWN = 12  # address: int64 [K]: how many symbols before MARGIN are known
SAMPLING = 13  # address: float64 [K, settings]
STARTS = 14  # address: uint64 [K]: where each sequence's draws start
WRITTEN = 15  # address: int64 [K]: draws made before
CHOICE = 16  # address: float64 [3, V] and int64 [V], scratch of this thread
IDS = 17  # address: int64 [COUNT]: symbols to read
TARGETS = 18  # address: int64 [COUNT]
SURPRISAL = 19  # address: float64 [COUNT]
CORRECT = 20  # address: uint8 [COUNT]
SYMBOLS = 21  # address: int64 [K], scratch
RANK = 22  # which of the threads that do this task together
RANKS = 23  # how many these are
MEETING = 24  # address: int64, where they count how often one of them waited for the others
# Offsets into MEMORY, in elements:
STRIDE = 25  # elements from one row of a history to the next
CELLS = 26  # LSTM: [L, K, STRIDE]
GIVEN = 27  # [CHUNK, K, ROWS]
KEPT = 28  # GRU: [K, ROWS]
MIXED = 29  # conv: [CHUNK, K, STRIDE]
GATHERED = 30  # [CHUNK, K, TABLE_WIDTH]
LOGITS = 31  # [K or CHUNK, V rounded up to PANEL]
STAGES = 32  # how much of each step is done: for finding out what takes how long
ROUNDED = 33  # address: uint32 [K or CHUNK * K, STRIDE or TABLE_WIDTH], scratch of this thread
CONDITIONS = 34  # address: int64 [K]: the rows of PERMITTED that hold now
PREDICTED = 35  # address: float32 [COUNT, V]: logits of what follows each symbol read
RECALL = 36  # address: int64 [RECALLED], what a memory is; 0 where there is none
HISTORIES = 37  # offsets into MEMORY, one for each layer, and for conv one more: [PAST + CHUNK, K, STRIDE]

# A memory is int64: addresses of arrays, see ``memory.opinions`` (Tables, Scene) and ``memory.gate``.
RECALL_PAGES = 0
RECALL_PAGES_SIZE = 1
RECALL_TEXT = 2
RECALL_TEXT_SIZE = 3
RECALL_MATCHES = 4  # where what followed stands in the text
RECALL_MATCHES_SIZE = 5
RECALL_TRUST = 6
RECALL_MIXING = 7
RECALL_VOTES = 8
RECALL_BELOW = 9
RECALL_ABOVE = 10
RECALL_PAGE_OF = 11
RECALL_SLOT = 12
RECALL_PATH = 13
RECALL_PATH_SIZE = 14
RECALL_PATH_STARTS = 15
RECALL_KIND = 16
RECALL_FOLD = 17
RECALL_GATE = 18
RECALL_SHARE = 19  # address: float64 [1]
RECALL_SCENE = 20  # address: scratch of this task, in words of eight bytes
RECALLED = 21

SETTING = {name: place for place, name in enumerate(SETTINGS)}
"""Where each setting of a sequence stands in its row of float64: in the order of :class:`Sampling`."""


def rounded(count: int, multiple: int) -> int:
    """``count`` rounded up to a multiple."""
    return -(-count // multiple) * multiple
