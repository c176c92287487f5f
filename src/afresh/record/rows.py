"""How processes tell events: as plain tuples, since eighteen classes more would delay every start by 2 ms."""

REACHED, RECEIVED, PROCESSED, SENT, CUT, SKIPPED = "reached", "received", "processed", "sent", "cut", "skipped"
COMMAND_RUN, BOOT_BEGAN, LISTENING, EDITED = "commandrun", "bootbegan", "listening", "edited"
ANSWERING, BOOT_FAILED, PROCESS_ENDED, STOPPED = "answering", "bootfailed", "processended", "stopped"

Row = tuple[str | int, ...]
"""The name of the event, then its fields in order (`afresh.record.events`)."""
