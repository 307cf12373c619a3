"""What every router of ours promises its clients, seen from outside: by the graph's URL and nothing else.

    pytest tests/router/conformance                                          both routers, each on a platform of its own
    pytest tests/router/conformance --graph-url=https://graph.example/graphql --issuer-url=https://sign-in.example

By URL the platform must sign in the demo people; cases that kill, restart or configure a process are skipped.
"""
