"""The subcommands of `s2s-live`, one module each."""
