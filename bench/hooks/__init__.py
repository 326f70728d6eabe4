"""How long a hook holds up its host, with servers in every condition."""
