"""Runs one query of Athena's on SQLite: rows in, rows out, as JSON. What SQLite lacks of Trino's functions is here."""

import datetime
import json
import re
import sqlite3
import sys

given = json.load(sys.stdin)
today = datetime.date.fromisoformat(given["today"])


def timestamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def date_diff(unit, start, end):
    assert unit == "second"
    return int((timestamp(end) - timestamp(start)).total_seconds())


def date_format(text, form):
    return datetime.date.fromisoformat(text).strftime(form)


database = sqlite3.connect(":memory:")
database.execute("ATTACH ':memory:' AS fleet")
database.create_function("from_iso8601_timestamp", 1, lambda text: text)
database.create_function("date_diff", 3, date_diff)
database.create_function("date_format", 2, date_format)
database.create_function("days_ago", 1, lambda days: str(today - datetime.timedelta(days=int(days))))
names = given["columns"]
database.execute("CREATE TABLE fleet.entries (%s)" % ", ".join('"%s"' % name for name in names))
marks = ", ".join("?" for _ in names)
database.executemany(
    "INSERT INTO fleet.entries VALUES (%s)" % marks, [[row.get(name) for name in names] for row in given["rows"]]
)
# SQLite has no intervals.
sql = re.sub(r"current_date - interval ('\d+') day", r"days_ago(\1)", given["sql"])
cursor = database.execute(sql)
print(json.dumps([dict(zip([column[0] for column in cursor.description], row)) for row in cursor]))
