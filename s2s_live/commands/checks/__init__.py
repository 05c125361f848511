"""What `s2s-live doctor` looks at, one module for each part of the machine."""
