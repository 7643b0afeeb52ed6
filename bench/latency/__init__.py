"""How long a reading takes to the database and to the page."""
