"""The floor of every subgraph's GraphQL: context, scalars, shared types, connections, streams, limits and errors."""
