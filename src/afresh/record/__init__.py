"""What the server did, as values: events in; steps, variables and lanes out.

Must live here: the events that processes tell, the rows and variables they become, what a reload took and why, the
bounded box in which a serving process collects events.
Must not know: clocks, channels, frameworks, pages. Whoever tells an event says when it happened.
"""
