"""Students: a learning system's list of them, whatever its language, separator or encoding."""

import re
from dataclasses import dataclass

from proctor.lms import Unfit
from proctor.lms.people import Listed

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FIRST = (
    *("first name", "firstname", "first_name", "given name", "vorname", "prénom", "nombre"),
    *("nome", "nome próprio", "voornaam", "imię", "förnamn", "fornavn"),
)
LAST = (
    *("last name", "lastname", "last_name", "surname", "family name", "nachname", "name"),
    *("familienname", "nom", "nom de famille", "apellido(s)", "apellidos", "cognome", "apelido"),
    *("sobrenome", "achternaam", "nazwisko", "efternamn", "etternavn"),
)
MAIL = (
    *("email", "email address", "e-mail", "e-mail-adresse", "e-mail address", "mail", "courriel"),
    *("adresse de courriel", "adresse e-mail", "correo electrónico", "dirección de correo"),
    *("dirección email", "indirizzo email", "endereço de email", "e-mailadres", "emailadresse"),
)
LOGIN = (
    *("username", "user name", "login", "anmeldename", "benutzername", "kennung"),
    *("nom d'utilisateur", "nom d’utilisateur", "identifiant", "nombre de usuario"),
    *("nome utente", "nome de utilizador", "nome de usuário", "gebruikersnaam"),
)
NUMBER = (
    *("id number", "student id", "id-nummer", "matrikelnummer", "numéro d'identification"),
    *("numéro d’identification", "número de id", "codice identificativo", "numero id"),
    *("número de identificação", "idnumber"),
)


@dataclass(frozen=True)
class Columns:
    """Columns: headings, in small letters, that hold what is asked for; the first one there counts.

    id, lms_user_id, email  of the student
    first, last             name; or ``name``, of which the family name comes first before a comma
    keys                    what else the system knows the person by
    group, time             of the submission
    skip                    names of rows that are nobody's; a blank one is, if it has no id
    """

    id: tuple
    lms_user_id: tuple = ()
    email: tuple = MAIL
    first: tuple = FIRST
    last: tuple = LAST
    name: tuple = ()
    keys: tuple = ()
    group: tuple = ()
    time: tuple = ()
    skip: tuple = ()


@dataclass(frozen=True)
class Enrolled:
    """Enrolled: a student of a list, as the gradebook takes one; an empty text is not known."""

    id: str
    first_name: str
    last_name: str
    email: str
    lms_user_id: str


def enrolled(sheet, columns, asked=""):
    """The `Enrolled` of a list.

    asked  the heading of the column that has the students' ids here

    Raises Unfit.
    """
    head = _head(sheet)
    if asked:
        wanted = asked.casefold().strip()
        if wanted not in head:
            there = ", ".join(repr(text) for text in sheet.header())
            raise Unfit(f"no column is called {asked!r}; there is {there}")
        place = head.index(wanted)
    else:
        place = _place(head, columns.id)
        place = _addresses(sheet) if place is None else place
    if place is None:
        there = ", ".join(repr(text) for text in sheet.header())
        raise Unfit(f"it does not say which column has the students' ids: --id; there is {there}")
    found = []
    for row in _rows(sheet, columns):
        name = _name(sheet, head, row, columns)
        mail = _mail(sheet, head, row, columns)
        theirs = _cell(sheet, row, _place(head, columns.lms_user_id))
        found.append(Enrolled(_cell(sheet, row, place), *name, mail, theirs))
    return found


def listed(sheet, columns):
    """The `Listed` people of a list."""
    head = _head(sheet)
    names = (*columns.id, *columns.lms_user_id, *columns.keys)
    places = [n for n, text in enumerate(head) if text in names]
    found = []
    for row in _rows(sheet, columns):
        keys = [_cell(sheet, row, n) for n in places] + [_mail(sheet, head, row, columns)]
        name = _name(sheet, head, row, columns)
        group, time = (_cell(sheet, row, _place(head, n)) for n in (columns.group, columns.time))
        found.append(Listed(tuple(dict.fromkeys(filter(None, keys))), name, group, time))
    return found


def _head(sheet):
    return [" ".join(text.casefold().split()) for text in sheet.header()]


def _place(head, names):
    return next((head.index(name) for name in names if name in head), None)


def _rows(sheet, columns):
    """The numbers of rows that are somebody's."""
    head = _head(sheet)
    for row in range(1, len(sheet.rows)):
        cells = [cell.strip() for cell in sheet.header(row)]
        # a name may be in two cells
        skipped = {cells[0], ", ".join(cells[:2])} & {*columns.skip}
        if skipped == {""} and any(_cell(sheet, row, _place(head, [key])) for key in columns.id):
            skipped = set()  # somebody who has one name only
        if any(cells) and not skipped:
            yield row


def _cell(sheet, row, place):
    """A cell, without the mark by which a spreadsheet is kept from reading it as a number."""
    return "" if place is None else sheet.value(row, place).strip().removeprefix("#")


def _name(sheet, head, row, columns):
    """(first, last)."""
    whole = _cell(sheet, row, _place(head, columns.name))
    if whole:
        last, comma, first = whole.partition(",")
        if comma:
            return first.strip(), last.strip()
        first, _, last = whole.rpartition(" ")
        return first.strip(), last
    return tuple(_cell(sheet, row, _place(head, names)) for names in (columns.first, columns.last))


def _mail(sheet, head, row, columns):
    place = _place(head, columns.email)
    if place is None:
        place = _addresses(sheet)
    text = _cell(sheet, row, place)
    return text if _MAIL.fullmatch(text) else ""


def _addresses(sheet):
    """The number of the first column that holds addresses and nothing else, whatever its name."""
    for column in range(len(sheet.rows[0])):
        cells = (sheet.value(row, column).strip() for row in range(1, len(sheet.rows)))
        cells = [cell for cell in cells if cell]
        if cells and all(map(_MAIL.fullmatch, cells)):
            return column
    return None
