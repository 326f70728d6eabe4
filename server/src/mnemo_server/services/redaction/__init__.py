"""Takes secrets out of requests and of what is stored."""
