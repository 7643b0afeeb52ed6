"""Device families: a folder each, codec (pure) and driver; none imports another."""
