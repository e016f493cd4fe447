"""Orders in which tasks that are ready can run: chosen, drawn, or all of them tried."""
