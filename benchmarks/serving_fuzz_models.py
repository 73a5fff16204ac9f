"""For schemathesis: half of the requests with a body name a model that is served, and so come further than its name."""

import os
import random
from typing import Any

import schemathesis  # pyright: ignore[reportMissingImports]

NAMES = os.environ["RIVERRUN_MODELS"].split(",")


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType, reportUntypedFunctionDecorator]
def map_body(context: Any, body: Any) -> Any:
    draw = random.Random(repr(body))
    if isinstance(body, dict) and draw.random() < 0.5:
        return {**body, "model": draw.choice(NAMES)}
    return body
