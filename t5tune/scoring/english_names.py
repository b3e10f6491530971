"""English names of languages, for people."""

from __future__ import annotations

from t5tune.scoring.languages import short_code

_NAMES = """
af Afrikaans|am Amharic|ar Arabic|az Azerbaijani|be Belarusian|bg Bulgarian|bn Bengali|
br Breton|bs Bosnian|ca Catalan|cs Czech|cy Welsh|da Danish|de German|el Greek|
en English|eo Esperanto|es Spanish|et Estonian|eu Basque|fa Persian|fi Finnish|
fo Faroese|fr French|fy Western Frisian|ga Irish|gd Scottish Gaelic|gl Galician|
gu Gujarati|ha Hausa|he Hebrew|hi Hindi|hr Croatian|hsb Upper Sorbian|ht Haitian Creole|
hu Hungarian|hy Armenian|id Indonesian|ig Igbo|is Icelandic|it Italian|ja Japanese|
jv Javanese|ka Georgian|kk Kazakh|km Khmer|kn Kannada|ko Korean|ku Kurdish|ky Kyrgyz|
la Latin|lb Luxembourgish|ln Lingala|lo Lao|lt Lithuanian|lv Latvian|mg Malagasy|
mi Maori|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|
my Burmese|ne Nepali|nl Dutch|nn Norwegian Nynorsk|no Norwegian|oc Occitan|om Oromo|
or Odia|pa Punjabi|pl Polish|ps Pashto|pt Portuguese|qu Quechua|ro Romanian|ru Russian|
rw Kinyarwanda|sa Sanskrit|sd Sindhi|se Northern Sami|si Sinhala|sk Slovak|sl Slovenian|
sn Shona|so Somali|sq Albanian|sr Serbian|st Southern Sotho|su Sundanese|sv Swedish|
sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai|ti Tigrinya|tk Turkmen|tl Tagalog|
tr Turkish|tt Tatar|ug Uyghur|uk Ukrainian|ur Urdu|uz Uzbek|vi Vietnamese|wo Wolof|
xh Xhosa|yi Yiddish|yo Yoruba|yue Cantonese|zh Chinese|zu Zulu
"""
NAMES = dict(entry.strip().split(" ", maxsplit=1) for entry in _NAMES.split("|") if entry.strip())


def name_language(code: str) -> str:
    """Return the English name of a language; the code itself for a rare one."""
    return NAMES.get(code) or NAMES.get(short_code(code) or "", code)
