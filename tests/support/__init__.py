"""Shared by all test suites: a live database, guards for the event loop, counts of a whole run."""
