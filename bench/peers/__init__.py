"""The servers that the gateway is measured against: plain, idiomatic, nothing durable; see bench/fanout.py."""
