"""ISO 4217: the currencies of the world and the number of digits behind each one's decimal point."""

_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)

MINOR_DIGITS: dict[str, int] = {
    code: digits for codes, digits in ((_NONE, 0), (_TWO, 2), (_THREE, 3)) for code in codes.split()
}
"""Currency code → how many digits its minor unit has."""

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "SEK": "kr", "NOK": "kr", "DKK": "kr"}
_BEFORE = frozenset({"en", "ja", "zh", "hi"})  # Languages that write the symbol first and a point for decimals.
_GROUPING = {"de": ".", "es": ".", "it": ".", "nl": ".", "da": "."}
_NO_BREAK_SPACE = "\u00a0"


def format_money(minor: int, currency: str, locale: str) -> str:
    """`minor` units of `currency` as people of `locale` write them: €1,234.50 in English, 1 234,50 € in Finnish."""
    digits = MINOR_DIGITS.get(currency, 2)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    decimals = f"{fraction:0{digits}d}" if digits else ""
    symbol = _SYMBOLS.get(currency)
    language = locale.partition("-")[0].lower()
    if language in _BEFORE:
        amount = f"{whole:,}" + (f".{decimals}" if digits else "")
        return f"{sign}{symbol}{amount}" if symbol else f"{sign}{currency}{_NO_BREAK_SPACE}{amount}"
    grouped = f"{whole:,}".replace(",", _GROUPING.get(language, _NO_BREAK_SPACE))
    amount = grouped + (f",{decimals}" if digits else "")
    return f"{sign}{amount}{_NO_BREAK_SPACE}{symbol or currency}"
