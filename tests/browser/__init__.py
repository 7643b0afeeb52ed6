"""The page in a real browser. A package: its browser ends with it, and so does its loop."""
