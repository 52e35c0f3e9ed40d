"""Does a text name a person, or say how to reach one?"""

from __future__ import annotations

import re

# Given names that are frequent in Europe, as written there; enough to notice a column of
# names or a name in a note, not to find every one.
_GIVEN = (
    "Adam|Agnieszka|Ahmed|Alberto|Alessandro|Alexander|Ali|Alice|Amina|Ana|Andrea|Andreas|Andrew|"
    "Angela|Anita|Anja|Ann|Anna|Anne|Antoine|Antonio|Anton|Barbara|Beatriz|Bernd|Birgit|Brigitte|"
    "Bruno|Camille|Carla|Carlo|Carlos|Carmen|Carolina|Caroline|Catarina|Catherine|Cécile|Chiara|"
    "Christian|Christina|Christine|Christophe|Claire|Claudia|Cristina|Daniel|Daniela|David|Diana|"
    "Dimitris|Dominique|Elena|Eleni|Elisa|Elisabeth|Elizabeth|Emanuele|Emily|Emma|Erik|Eva|Fabio|"
    "Fatima|Fernando|Florian|Francesca|Francesco|Francisco|Frank|François|Franz|Fatou|Gabriel|"
    "Gabriele|Georg|George|Georgios|Gerhard|Giovanni|Giulia|Giuseppe|Guillaume|Hans|Heinrich|"
    "Helena|Helga|Henrik|Ibrahim|Ines|Ioannis|Isabel|Isabelle|Ivan|Jack|Jacques|James|Jan|Jane|"
    "Javier|Jean|Jennifer|Joana|João|Johan|Johanna|Johannes|John|Jonas|Jorge|José|Josef|Juan|"
    "Julia|Julie|Jürgen|Karin|Karl|Katarina|Katharina|Katerina|Klaus|Kristina|Lars|Laura|Lena|"
    "Lisa|Luca|Lucia|Luis|Luisa|Lukas|Maarten|Manuel|Manuela|Marco|Margarida|Maria|María|Mariam|"
    "Marie|Marina|Mario|Mark|Markus|Marta|Martin|Martina|Mary|Matteo|Matthias|Mehmet|Michael|"
    "Michel|Miguel|Mohamed|Mohammed|Monica|Monika|Moussa|Nadia|Natalia|Nicola|Nicolas|Nikolaos|"
    "Nuno|Olga|Olivier|Oliver|Pablo|Paola|Paolo|Patricia|Patrick|Paul|Paula|Pedro|Peter|Petra|"
    "Philippe|Pierre|Pieter|Piotr|Rachel|Raquel|Renate|Ricardo|Richard|Robert|Roberto|Rosa|Rui|"
    "Sabine|Samuel|Sandra|Sara|Sarah|Sebastian|Silvia|Simon|Simone|Sofia|Sophie|Stefan|Stefano|"
    "Stephanie|Susan|Susanne|Sylvie|Teresa|Thomas|Ursula|Valentina|Vasiliki|Victor|Werner|William|"
    "Wolfgang|Yusuf|Zoë"
)
_WORD = r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’]+(?:-[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’]+)?"
_TITLE = (
    r"Mr|Mrs|Ms|Miss|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Sig|Sig\.ra|Signora?|Señora?|Sra?|Senhora?|"
    r"Dhr|Mevr|Mevrouw|Pani|Pan|Kyrios|Kyria"
)
_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}"
_BORN = (
    r"born|date of birth|d\.?o\.?b\.?|geboren|geb\.?|geburtsdatum|née?|né\(e\)|nat[oa]|nacid[oa]|"
    r"nascid[oa]|geboortedatum|data di nascita|fecha de nacimiento|data de nascimento"
)
KINDS: dict[str, re.Pattern[str]] = {
    "an e-mail address": re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[A-Za-z]{2,24}"),
    "a telephone number": re.compile(
        r"(?<![\w+])(?:\+|00)[1-9]\d{0,2}[ /-]?(?:\(0\))?(?:[ /-]?\d){7,11}(?!\w)"
        r"|(?<![\w.])0\d{1,4}[ /-]\d{2,4}(?:[ -]\d{2,4}){1,4}(?!\w)"
    ),
    "a date of birth": re.compile(rf"(?i:\b(?:{_BORN}))\W{{0,3}}(?i:le|el|il|am|on|em)?\W?{_DATE}"),
    "a person's name": re.compile(
        rf"\b(?:{_GIVEN})(?:[ -](?:{_GIVEN}))? (?:(?:van|von|de|da|di|del|dos|el|der) )*{_WORD}"
        rf"|\b{_WORD}, ?(?:{_GIVEN})\b"
        rf"|\b(?:{_TITLE})\.? (?:(?:van|von|de|da|di|del|dos|el|der) )*{_WORD}"
    ),
}
_FULL_NAME = re.compile(rf"{_WORD}(?: [A-Z]\.)?,? {_WORD}(?: {_WORD})?")


def personal(text: str) -> str | None:
    """What of a person a text holds, by kind; None where nothing is noticed.

    Examples
    --------
    >>> personal("seen with Mrs Example in clinic"), personal("call +49 170 5550 1234")
    ("a person's name", 'a telephone number')
    >>> personal("46,XX,t(8;21)(q22;q22)[20]") is None
    True
    """
    return next((kind for kind, pattern in KINDS.items() if pattern.search(text)), None)


def is_full_name(text: str) -> bool:
    """Whether a text is nothing but two or three capitalised words.

    Examples
    --------
    >>> is_full_name("Ada Lovelace"), is_full_name("P001")
    (True, False)
    """
    return bool(_FULL_NAME.fullmatch(text.strip()))
