"""How long a tag's bits take to become its URI, link and element string."""
