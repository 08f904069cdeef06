"""Names and phone numbers as they may be shown, and phone numbers as they are compared. Source: rule H2."""

import re

_HIDDEN = "****"
_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1\d{10}$)|^(?:\+|00)86(?=\d)")
_MOBILE = re.compile(r"1\d{10}")
_LONG, _MIDDLE = 11, 8


def mask_name(name: str) -> str:
    """The first character and one star: ``张三`` and ``欧阳娜娜`` do not tell how long they are.

    A name of one character is hidden altogether.
    """
    name = name.strip()
    return f"{name[0]}*" if len(name) > 1 else "*"


def normalised_phone(phone: str) -> str:
    """The digits by which two spellings of one number are equal.

    China's country code goes; a landline dialled with it gets its 0 back (``+86 851 3322 1234`` is
    ``0851-33221234``); a foreign number begins with 00. A number without area code stays as it is: it may be anyone's.
    """
    digits = re.sub(r"[^\d+]", "", phone)
    national = _COUNTRY.sub("", digits)
    if national != digits and not _MOBILE.fullmatch(national) and not national.startswith("0"):
        national = f"0{national}"
    if national.startswith("+"):
        national = f"00{national}"
    return re.sub(r"\D", "", national)


def mask_phone(phone: str) -> str:
    """``138****1234`` for a mobile and for a landline with its area code; less of a shorter number."""
    digits = normalised_phone(phone)
    if len(digits) >= _LONG:
        return f"{digits[:3]}{_HIDDEN}{digits[-4:]}"
    if len(digits) >= _MIDDLE:
        return f"{digits[:2]}{_HIDDEN}{digits[-2:]}"
    return f"{_HIDDEN}{digits[-1:]}"
