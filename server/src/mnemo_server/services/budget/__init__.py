"""The daily token budget of each tenant, checked before every call of a model."""
