"""The agent hosts: what each sends to its hooks, and how each is set up. One folder per host."""
