"""One handler for each route of the contract, grouped by noun."""
