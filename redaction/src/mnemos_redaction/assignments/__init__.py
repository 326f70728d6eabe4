"""Values assigned to names that tell a secret: `password = …`, `token: …`, in any syntax."""
