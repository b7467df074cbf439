"""Recording one exchange: connections, the messages they bring, gaps, books, and the worker around them.

    wire/     one websocket: dialling, frames, whole messages with the time they came
    session/  one connection's life: subscriptions, messages, books, silence, its end
    gaps/     gaps: how they show, how they are asked for, and where they wait
    rest/     requests within the exchange's budget: books, lists of instruments

`session` uses `wire`, `gaps` uses `rest`. Beside them lies what all connections share (`recorder_state`),
what keeps connections up (`connections`, `supervisor`), and the `worker`, which puts the parts together.
"""

from .worker import run_ingest

__all__ = ["run_ingest"]
