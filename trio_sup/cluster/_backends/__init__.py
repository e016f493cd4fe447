"""Engines, and how a node reaches one.

what an engine must supply   `link`
the embedded engine          `local`
Redis                        `redis`, over `redis_wire`; its rules: `redis_scripts`
PostgreSQL                   `postgres`, over `postgres_wire`; `postgres_functions`
records and topics of each   `local_parts`, `redis_parts`, `postgres_parts`
which one is at a URL        `urls`
"""
