"""Values assigned to names of secrets: `password = …`, `token: …`, in any syntax."""
