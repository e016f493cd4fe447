"""Models of what stands beside servers: names, monitors, tasks, partitions, topics."""
