"""Which submitted cell is which of the source's."""

import bisect
import collections
from dataclasses import dataclass, field

from proctor.merge.source import FUNCTION, VARIABLE, norm


@dataclass
class _Matched:
    """Which submitted cell is which cell of the source, by their positions."""

    taken: dict = field(default_factory=dict)  # slot: position of the cell that counts
    copies: dict = field(default_factory=dict)  # slot: positions of all cells with its grade_id
    how: dict = field(default_factory=dict)  # slot: how it was recognised without its grade_id
    loose: list = field(default_factory=list)  # positions of cells not recognised


def match(slots, cells):
    """Recognise submitted cells, surest signs first."""
    matched = _Matched()
    by_grade_id = {slot.grade_id: slot.index for slot in slots if slot.grade_id}
    copies = collections.defaultdict(list)
    for position, cell in enumerate(cells):
        if cell is None:
            continue
        if cell.grade_id in by_grade_id:
            copies[by_grade_id[cell.grade_id]].append(position)
        else:
            matched.loose.append(position)
    matched.copies = dict(copies)
    _choose_copies(slots, cells, matched)
    _match_ids(slots, cells, matched)
    _match_texts(slots, cells, matched)
    _match_functions(slots, cells, matched)
    _match_variables(slots, cells, matched)
    _match_places(slots, cells, matched)
    return matched


def _choose_copies(slots, cells, matched):
    """Of each cell's copies, the one that counts (the rule is in this module's description)."""
    boundary = len(cells)
    for slot in reversed(slots):
        positions = matched.copies.get(slot.index)
        if not positions:
            continue
        if slot.role == "answer":
            written = [p for p in positions if is_written(slot, cells[p])]
            placed = [p for p in written if p < boundary]
            matched.taken[slot.index] = (placed or written or positions[:1])[-1]
        else:
            matched.taken[slot.index] = positions[0]
            if slot.role == "locked":
                boundary = positions[0]


def is_written(slot, cell):
    return bool(cell.text and cell.text.strip() and not slot.is_blank(cell.text))


def _claim(matched, pairs, how):
    """Take (slot, position) pairs as recognised; those already taken are passed over."""
    used = set()
    for index, position in pairs:
        if index not in matched.taken and position not in used:
            matched.taken[index] = position
            matched.how[index] = how
            used.add(position)
    matched.loose = [position for position in matched.loose if position not in used]


def _match_ids(slots, cells, matched):
    by_id = {slot.id: slot.index for slot in slots if slot.id}
    pairs = [(by_id[cells[p].id], p) for p in matched.loose if cells[p].id in by_id]
    _claim(matched, pairs, "its cell id")


def _match_texts(slots, cells, matched):
    """Cells whose text is as released; equal ones in their order."""
    free = collections.defaultdict(collections.deque)
    for slot in slots:
        if slot.norm and slot.index not in matched.taken:
            free[slot.norm].append(slot.index)
    if not free:
        return
    pairs = []
    for position in matched.loose:
        queue = free.get(norm(cells[position].text or ""))
        if queue:
            pairs.append((queue.popleft(), position))
    _claim(matched, pairs, "its text")


def _match_functions(slots, cells, matched):
    """Code answers, by the functions and classes that they should define; the last of equals."""
    missing = [s for s in slots if s.functions and s.index not in matched.taken]
    if not missing:
        return
    where = collections.defaultdict(list)
    for position in matched.loose:
        cell = cells[position]
        if cell.text and (cell.type == "code" or cell.role is not None):
            for name in set(FUNCTION.findall(cell.text)):
                where[name].append(position)
    pairs, used = [], set()
    for slot in missing:
        hits = collections.Counter(p for name in slot.functions for p in where[name])
        free = [p for p in hits if p not in used]
        if free:
            best = max(free, key=lambda p: (hits[p], p))
            pairs.append((slot.index, best))
            used.add(best)
    _claim(matched, pairs, "what it defines")


def _match_variables(slots, cells, matched):
    """Open code cells of the course's, by the variables that they bind, as in ``NAME = ""``."""
    missing = [
        s
        for s in slots
        if s.role == "plain" and s.type == "code" and s.variables and s.index not in matched.taken
    ]
    pairs = []
    for slot in missing:
        for position in matched.loose:
            cell = cells[position]
            if cell.type == "code" and slot.variables <= set(VARIABLE.findall(cell.text or "")):
                pairs.append((slot.index, position))
                break
    _claim(matched, pairs, "what it binds")


def _match_places(slots, cells, matched):
    """Answers by their place: between the same neighbours, of a kind that can be one."""
    loose = collections.deque(sorted(matched.loose))
    gaps = _gaps(slots, matched)
    pairs = []
    for (start, end), missing in gaps:
        while loose and loose[0] <= start:
            loose.popleft()
        inside = []
        while loose and loose[0] < end:
            inside.append(loose.popleft())
        pairs += _fit(missing, inside, cells)
    _claim(matched, pairs, "its place")


def _gaps(slots, matched):
    """((start, end), missing answers) between neighbours that stand in the source's order."""
    gaps, start, missing = [], -1, []
    in_order = those_in_order(matched.taken)
    if not in_order:  # another notebook altogether: nothing in it has a place here
        return []
    for slot in slots:
        if slot.index in in_order:
            if missing:
                gaps.append(((start, matched.taken[slot.index]), missing))
            start, missing = matched.taken[slot.index], []
        elif slot.role == "answer" and slot.index not in matched.taken:
            missing.append(slot)
    return gaps + ([((start, float("inf")), missing)] if missing else [])


def _fit(missing, inside, cells):
    """Pair the answers missing in a gap with the cells in it that can be them, both in order."""
    tracked = [p for p in inside if cells[p].role is not None]
    pairs, rest = [], iter(tracked or inside)
    for slot in missing:
        for position in rest:
            if _can_be(slot, cells[position]):
                pairs.append((slot.index, position))
                break
    return pairs


def _can_be(slot, cell):
    if not cell.text or not cell.text.strip():
        return False
    if slot.type != "code":
        return cell.type != "code"
    if cell.type != "code":
        return False
    return cell.role is not None or bool(slot.variables & set(VARIABLE.findall(cell.text)))


def those_in_order(taken):
    """The largest set of slots whose cells stand in the source's order: those that did not move."""
    ends, tails, before = [], [], {}
    for index in sorted(taken):
        at = bisect.bisect_left(ends, taken[index])
        before[index] = tails[at - 1] if at else None
        ends[at : at + 1] = [taken[index]]
        tails[at : at + 1] = [index]
    kept, index = set(), tails[-1] if tails else None
    while index is not None:
        kept.add(index)
        index = before[index]
    return kept
