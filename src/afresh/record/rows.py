"""How app processes tell events: as plain tuples, since eighteen classes more would delay every start by 2 ms."""

REACHED, RECEIVED, PROCESSED, SENT, CUT, SKIPPED = "reached", "received", "processed", "sent", "cut", "skipped"

Row = tuple[str | int, ...]
"""The name of the event, then its fields in order (`afresh.record.events`)."""
