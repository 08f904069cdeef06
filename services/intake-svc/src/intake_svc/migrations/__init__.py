"""Schema changes, one file each (hotline_chassis.migrations)."""
