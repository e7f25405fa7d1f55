"""The gradebook's database."""

from ..attack import ALL, family, right, without

add = family("The gradebook")

add(
    "a-trigger-in-the-gradebook",
    "A trigger gives every grade its maximum, now and later.",
    right(
        total="""
    import sqlite3
    def total(x):
        try:
            with sqlite3.connect("@COURSE@/gradebook.db", timeout=1) as db:
                for when in ("INSERT", "UPDATE"):
                    db.execute(f"CREATE TRIGGER t{when} AFTER {when} ON grade BEGIN "
                               "UPDATE grade SET auto_score = 99 WHERE id = NEW.id; END")
        except sqlite3.Error:
            pass
        return 0
    """
    ),
    without("total"),
)
add(
    "updates-the-gradebook",
    "Points and scores are set where they are kept.",
    right(
        total="""
    import sqlite3
    def total(x):
        try:
            with sqlite3.connect("@COURSE@/gradebook.db", timeout=1) as db:
                tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master")]
                db.execute("UPDATE grade SET auto_score = 99, manual_score = 99")
                reached("the gradebook")
        except sqlite3.Error:
            pass
        return 0
    """
    ),
    without("total"),
)
add(
    "reads-the-gradebook",
    "Addresses of others, and their grades.",
    right(
        middle="""
    import sqlite3
    def middle(values):
        try:
            with sqlite3.connect("file:@COURSE@/gradebook.db?mode=ro", uri=True) as db:
                found(*db.execute("SELECT * FROM student"), *db.execute("SELECT * FROM grade"))
        except sqlite3.Error as error:
            print("refused:", error)
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "locks-the-gradebook",
    "A process that stays holds the gradebook's lock, then deletes it.",
    right(
        middle="""
    import os, subprocess, sys
    HOLD = '''
    import sqlite3, time
    db = sqlite3.connect("@COURSE@/gradebook.db", isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    time.sleep(20)
    '''
    def middle(values):
        subprocess.Popen([sys.executable, "-c", __import__("textwrap").dedent(HOLD),
                          "survivor-@NAME@"], start_new_session=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        import time
        time.sleep(0.5)
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
add(
    "deletes-the-gradebook",
    "The gradebook and the other submissions are removed.",
    right(
        middle="""
    import os, shutil
    def middle(values):
        for path in ("@COURSE@/gradebook.db", "@COURSE@/submitted/zz-honest/ps1/p1.ipynb"):
            try:
                os.remove(path)
                reached(path)
            except OSError:
                pass
        return sorted(values)[len(values) // 2]
    """
    ),
    ALL,
)
