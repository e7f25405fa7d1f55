"""What the learning systems' own importers read, as far as their code or help pages say it.

Each system's ``marks(data)`` is {key of a person: text of the mark} of what it takes of a file, and
``file(path)`` is (key of a person, name of the file) of a path in an archive of feedback.
"""

import csv
import io
import re
from collections import Counter

NUMBER = re.compile(r"\d+(?:\.\d{1,2})?")


def rows(data, delimiter=","):
    """The cells of a file, each row with as many as its heading."""
    text = data.decode("utf-16" if data.startswith(b"\xff\xfe") else "utf-8-sig")
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert {len(row) for row in found} == {len(found[0])}
    return found


class Canvas:
    """`GradebookImporter`, `infer_comment_context_from_filename`."""

    totals = re.compile("(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")

    def marks(self, data):
        lines = data.decode("utf-8-sig").splitlines()[:3]
        fields = {
            sign: Counter(len(next(csv.reader([x], delimiter=sign))) for x in lines)
            for sign in ";,"
        }
        even = {sign: max(found) if len(found) == 1 else 0 for sign, found in fields.items()}
        head, *body = rows(data, ";" if even[";"] > even[","] else ",")
        assert head[:2] == ["Student", "ID"]
        assert "Section" in head[2:6]
        own = range(head.index("Section") + 1, len(head))
        (column,) = [n for n in own if not self.totals.search(head[n])]
        found = {}
        for row in body:
            hidden = all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell) for cell in row)
            if "Points Possible" in row[0]:
                assert not re.search(r"read\s+only", row[column])
            elif not hidden and row[0] != "Student, Test":
                found[row[1]] = self.normal(row[column].strip())
        return found

    def normal(self, text):
        """Of a number the last sign is the decimal one."""
        if not re.fullmatch(r"-?[0-9.,]+%?", text):
            return text
        *whole, last = re.split("[.,]", text)
        return f"{''.join(whole)}.{last}" if whole else last

    def file(self, path, groups=("group_7",)):
        name = path.split("/")[-1]
        for group in groups:
            name = name.removeprefix(f"{group}_")
        parts = [part for part in name.split("_") if part != "LATE"]
        if parts[0] == "anon":
            return "_".join(parts[:2]), "_".join(parts[3:])
        user, upload, *_ = [n for n, part in enumerate(parts) if part.isdigit()]
        return parts[user], "_".join(parts[upload + 1 :])


class Moodle:
    """`assignfeedback_offline`, `is_valid_filename_for_import`."""

    def marks(self, data):
        head, *body = rows(data)
        names = {"Grade", "Bewertung"}
        (column,) = [n for n, text in enumerate(head) if text in names]
        assert head[column + 1] in ("Maximum grade", "Bestnote")
        found = {}
        for row in body:
            number = re.fullmatch(r"\D+(\d+)", row[0])[1]
            mark, most = (text.replace(",", ".") for text in row[column : column + 2])
            locked = row[column + 2] in ("No", "Nein")
            taken = NUMBER.fullmatch(mark) and float(mark) <= float(most) and not locked
            found[number] = mark if taken else ""
        return found

    def file(self, path):
        parts = path.split("/")
        for place, part in enumerate(parts):
            info = part.split("_", 4)
            if len(info) >= 4 and info[1].isdigit() and info[2:4] == ["assignsubmission", "file"]:
                return info[1], "/".join([*filter(None, info[4:]), *parts[place + 1 :]])
        raise AssertionError(path)


class MoodleGradebook(Moodle):
    """`grade/import/csv`, the columns of marks and addresses chosen by a person."""

    def marks(self, data):
        head, *body = rows(data)
        mail, column = (
            head.index("Email address"),
            next(n for n, text in enumerate(head) if text.endswith(" (Real)")),
        )
        assert all(row[mail] and (row[column] in "-" or float(row[column]) >= 0) for row in body)
        return {row[mail]: row[column] for row in body}


class Blackboard:
    """Help pages: people by their user name, the column by the number behind ``|``."""

    def marks(self, data):
        head, *body = rows(data, "\t" if b"\t" in data.replace(b"\0", b"") else ",")
        (column,) = [n for n, text in enumerate(head) if re.search(r"\|600001$", text)]
        return {row[head.index("Username")]: row[column] for row in body}


class Ilias:
    """`getMultiFeedbackFiles`: the last part of a folder, in one that begins so."""

    def file(self, path):
        top, folder, file = path.split("/")
        assert top.startswith("multi_feedback")
        return folder.rsplit("_", 1)[1], file


class Brightspace:
    """Help pages: ids may have ``#`` before them; of feedback the rule is not published."""

    def marks(self, data):
        head, *body = rows(data)
        assert (head[-1], {row[-1] for row in body}) == ("End-of-Line Indicator", {"#"})
        (column,) = [n for n, text in enumerate(head) if re.search(" Points Grade( <.*>)?$", text)]
        return {row[1].removeprefix("#"): row[column] for row in body}

    def file(self, path):
        folder, file = path.split("/")
        return folder, file
