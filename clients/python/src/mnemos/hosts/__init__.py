"""The agent hosts: what each sends its hooks, how each is set up. One folder a host."""
