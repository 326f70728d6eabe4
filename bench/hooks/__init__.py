"""The hook benchmark: how long a hook delays its host, with servers in every condition."""
