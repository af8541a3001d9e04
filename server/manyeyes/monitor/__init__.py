"""What the events of the past say: calls, success, latency, tokens and cost, per model and per tool."""
