"""The client that measures other brokers: peers of the router, on loopback."""
