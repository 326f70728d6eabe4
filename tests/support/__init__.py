"""What the test suites share: a live database, guards on the event loop, counts of a whole run."""
