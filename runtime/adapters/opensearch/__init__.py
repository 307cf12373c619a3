"""OpenSearch: restaurants as documents, searched as the catalog's `Search` port says."""
