"""What a place cooks: as the map says, else as its name says, else as places of its kind do."""

from simulator.city import Place
from simulator.lots import Lots

SPELLINGS = {
    "bagel": "sandwich",
    "cake": "cafe",
    "coffee_shop": "cafe",
    "fine_dining": "",
    "grill": "street_grill",
    "hotdog": "street_grill",
    "middle eastern": "middle_eastern",
    "noodle": "noodles",
    "oraganic": "international",
    "regional": "finnish",
    "scandinavian": "nordic",
    "steak": "steak_house",
    "tea": "cafe",
    "tee": "cafe",
    "tex-mex": "tex_mex",
}
"""How the map's mappers spell what we call otherwise; an empty word says nothing about the food."""

MENU_OF_CUISINE = {
    "african": "levantine",
    "american": "american",
    "asian": "asian",
    "australian": "steak",
    "burger": "burger",
    "cafe": "cafe",
    "chinese": "chinese",
    "finnish": "finnish",
    "fish": "nordic",
    "french": "french",
    "georgian": "eastern",
    "german": "german",
    "greek": "mediterranean",
    "ice_cream": "ice_cream",
    "indian": "indian",
    "international": "international",
    "italian": "italian",
    "japanese": "japanese",
    "juice": "juice",
    "kebab": "kebab",
    "lebanese": "levantine",
    "lunch": "lunch",
    "mediterranean": "mediterranean",
    "mexican": "mexican",
    "middle_eastern": "levantine",
    "nepalese": "nepalese",
    "noodles": "japanese",
    "nordic": "nordic",
    "okinawan": "japanese",
    "pizza": "pizza",
    "poke": "salad",
    "pub_food": "pub",
    "russian": "eastern",
    "salad": "salad",
    "sandwich": "sandwich",
    "spanish": "spanish",
    "steak_house": "steak",
    "street_grill": "street_grill",
    "sushi": "sushi",
    "tex_mex": "mexican",
    "thai": "thai",
    "vegan": "vegetarian",
    "vegetarian": "vegetarian",
    "vietnamese": "vietnamese",
}
"""The menu table (`dishes/<menu>.json`) that a cuisine is cooked from."""

WORDS_IN_NAMES = (
    ("pizza", "pizza", "pizzeria", "barbarossa", "splizzeria", "pjazza", "pizzarium"),
    ("sushi", "sushi", "mezame", "momotoko"),
    ("thai", "thai", "bangkok"),
    ("nepalese", "nepal", "everest", "himshikhar"),
    ("indian", "india", "samrat", "omnam", "namaskaar"),
    ("kebab", "kebab", "döner", "pippuri", "fafa", "habibi", "mezopotamya"),
    ("chinese", "china", "bamboo", "shanghai", "long wall", "dumpling", "dong bei"),
    ("vietnamese", "phở", "ônam"),
    ("asian", "wok", "oriental"),
    ("burger", "burger", "brgr", "hard rock"),
    ("mexican", "taco", "burrito", "cantina", "chihuahua", "cojones", "iguana", "pancho"),
    ("street_grill", "snagari", "wursti", "grillikioski", "pystygrilli", "aseman grilli", "grilli"),
    ("ice_cream", "gelato", "ben & jerry"),
    ("juice", "juice", "smoothie"),
    ("poke", "poke"),
    ("salad", "fressi", "pupu", "salaatti"),
    ("sandwich", "picnic", "subway", "baguette", "deli", "toast"),
    ("italian", "italian", "raffaello", "lo stretto", "vapiano", "caverna"),
    ("steak_house", "steak", "grill", "rodeo", "colorado", "memphis"),
    ("american", "chicken", "american", "o'learys", "sports"),
    ("lunch", "unicafe", "porthania", "topelias", "soc&kom", "päärakennus", "buffet", "soppakeittio"),
    ("nordic", "harald", "köket", "lumi", "skiffer", "finnjävel", "la mer", "fishmarket", "caviar"),
    ("french", "brasserie", "bistro", "belge", "bystro", "savoy"),
    ("german", "bier", "münchen"),
    (
        "cafe",
        "cafe",
        "café",
        "caffe",
        "caffé",
        "cafè",
        "kahvi",
        "coffee",
        "torrefazione",
        "konditoria",
        "pretzel",
        "fazer",
    ),
)
"""Cuisine first, then the pieces of a name that betray it; the first line that matches wins."""

USUAL_CUISINES = {
    "bar": ("pub_food", "pub_food", "american"),
    "cafe": ("cafe",),
    "fast_food": ("burger", "kebab", "pizza", "asian", "street_grill", "sandwich"),
    "food_court": ("lunch",),
    "pub": ("pub_food",),
    "restaurant": ("finnish", "finnish", "nordic", "italian", "international", "international", "french", "asian"),
}


def cuisines_on_the_map(place: Place) -> tuple[str, ...]:
    words = (word.strip().casefold() for word in place.cuisine.split(";"))
    known = (SPELLINGS.get(word, word) for word in words)
    return tuple(dict.fromkeys(word for word in known if word in MENU_OF_CUISINE))


def cuisines_of(place: Place) -> tuple[str, ...]:
    """At least one cuisine; the first is the one its menu is cooked from."""
    return cuisines_on_the_map(place) or (_cuisine_in_name(place) or _usual_cuisine(place),)


def menu_table_of(cuisines: tuple[str, ...]) -> str:
    return MENU_OF_CUISINE[cuisines[0]]


def _cuisine_in_name(place: Place) -> str | None:
    name = place.name.casefold()
    for cuisine, *pieces in WORDS_IN_NAMES:
        if any(piece in name for piece in pieces) and not _is_only_a_bar(place, cuisine):
            return cuisine
    return None


def _is_only_a_bar(place: Place, cuisine: str) -> bool:
    return place.amenity in ("pub", "bar") and cuisine in ("cafe", "asian", "german")


def _usual_cuisine(place: Place) -> str:
    usual = USUAL_CUISINES.get(place.amenity, USUAL_CUISINES["restaurant"])
    return Lots(str(place.osm_id)).one("cuisine", usual)
