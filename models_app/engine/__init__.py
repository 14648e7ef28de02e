"""What works a run's items off: claims, leases, storing, slices, the sweep. docs/decisions/0009-runs.md."""
