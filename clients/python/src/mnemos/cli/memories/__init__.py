"""Commands on memories: `store`, `search`, `get`, `update`, `delete`, `list`, `history`, `restore`."""
