"""Where a pallet is put away: hard constraints, then a documented linear score. Pure."""
