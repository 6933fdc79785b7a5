"""The pages: thin over the rooms, one folder for each screen."""
