"""The index of restaurants: how its documents are analysed and kept.

Texts arrive folded and cut into words by the catalog's own spelling, and misspelt words are found by its forms: so
both engines find the same, whatever either thinks of accents. The analysers only part words and take their beginnings.
"""

from collections.abc import Mapping
from typing import Any

from subgraphs.catalog.views.spelling import MAX_WORD, MIN_PREFIX

REFRESH = "200ms"
"""How long an indexed document stays unseen: a fraction of the two seconds that a change may take."""
_WORDS: Mapping[str, Any] = {
    "type": "text",
    "analyzer": "folded",
    "norms": False,
    "index_options": "docs",
    "fields": {
        "beginnings": {
            "type": "text",
            "analyzer": "beginnings",
            "search_analyzer": "folded",
            "norms": False,
            "index_options": "docs",
        }
    },
}
_FORMS: Mapping[str, Any] = {"type": "keyword", "doc_values": False}
SETTINGS: Mapping[str, Any] = {
    "number_of_shards": 1,  # a country's restaurants are one small shard, and facets of one shard are exact
    "auto_expand_replicas": "0-1",
    "refresh_interval": REFRESH,
    "merge": {"policy": {"segments_per_tier": 4}},  # read far more often than written, and each piece is searched
    "analysis": {
        "analyzer": {
            "folded": {"type": "custom", "tokenizer": "whitespace"},
            "beginnings": {"type": "custom", "tokenizer": "whitespace", "filter": ["beginnings"]},
        },
        "filter": {"beginnings": {"type": "edge_ngram", "min_gram": MIN_PREFIX, "max_gram": MAX_WORD}},
    },
}
MAPPINGS: Mapping[str, Any] = {
    "dynamic": False,  # what a newer writer adds is ignored until the index is rebuilt
    "_source": {"excludes": ["names", "dishes", "name_forms", "dish_forms"]},
    "properties": {
        "restaurant_id": {"type": "keyword"},
        "listed": {"type": "boolean"},
        "sort_name": {"type": "keyword"},
        "names": _WORDS,
        "dishes": _WORDS,
        "name_forms": _FORMS,
        "dish_forms": _FORMS,
        "cuisines": {"type": "keyword"},
        "schedule": {"type": "keyword"},
        "paused_until_us": {"type": "long"},
        "place": {"type": "geo_point"},
        "latitude": {"type": "double"},
        "longitude": {"type": "double"},
        "delivery_radius_m": {"type": "long"},
        "standing": {"type": "long"},
        "reviews": {"type": "long"},
    },
}


def template(name: str) -> Mapping[str, Any]:
    """The index template of every index that serves under the alias `name`, now or next."""
    return {
        "index_patterns": [f"{name}-*"],
        "priority": 500,
        "template": {"settings": {"index": SETTINGS}, "mappings": MAPPINGS},
    }
