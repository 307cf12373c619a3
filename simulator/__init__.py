"""The city and the people in it: a client of the platform that speaks only GraphQL."""
