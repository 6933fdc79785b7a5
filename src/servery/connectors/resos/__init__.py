"""resOS, a reservation system: its bookings with their guests, and its tables, read over its public API."""
