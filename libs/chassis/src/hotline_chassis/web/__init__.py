"""The HTTP edge of every service: routes whose answer waits for the commit, problems, strict input."""
