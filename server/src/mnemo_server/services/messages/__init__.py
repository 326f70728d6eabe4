"""Use cases of messages: windows of a session, aligned and stored."""
