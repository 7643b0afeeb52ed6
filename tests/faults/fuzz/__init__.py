"""Every codec of the catalogue against seeded mutations of good frames."""
