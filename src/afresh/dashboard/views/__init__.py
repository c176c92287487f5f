"""One module per view: a function from a request to a response, named in `afresh.dashboard.routes`."""
