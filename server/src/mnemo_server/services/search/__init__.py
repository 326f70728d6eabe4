"""Use cases of search: from a query to a page of hits."""
