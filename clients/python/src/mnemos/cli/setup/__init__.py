"""Commands on this machine: `setup`, `doctor`, `uninstall`, `profiles`."""
