"""Settings: the page of all of them (``settings``), and how they are read, checked and written (``building``)."""

from riverrun.config.building import (
    build,
    flatten,
    from_toml,
    known_keys,
    nearest,
    read_toml,
    refuse_foreign,
    replace,
    to_toml,
)
from riverrun.config.settings import (
    BudgetSettings,
    DataSettings,
    ModelSettings,
    Settings,
    TextSettings,
    TrainingSettings,
    Unit,
)

__all__ = [
    "BudgetSettings",
    "DataSettings",
    "ModelSettings",
    "Settings",
    "TextSettings",
    "TrainingSettings",
    "Unit",
    "build",
    "flatten",
    "from_toml",
    "known_keys",
    "nearest",
    "read_toml",
    "refuse_foreign",
    "replace",
    "to_toml",
]
