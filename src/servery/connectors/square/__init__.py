"""Square, a point of sale: locations, catalogue, customers, orders and payments, read by polling its public API."""
