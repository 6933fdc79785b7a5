"""One person, many records: by which contact they are known, who is the same, and how they are found."""
