"""How fast an edge's backlog drains, and how long live readings take meanwhile."""
