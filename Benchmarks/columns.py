"""The readings of Aarhus as every engine gets them: the same rows, once as tables, once as columns.

usage: columns.py DATA FOLDER

FOLDER/rows/TABLE.parquet: key, ts and the table's fields, by key and time, duplicates dropped, as
`belfry import` stores them. FOLDER/columns/TABLE.COLUMN: little-endian doubles (nanoseconds since
1970 as Int64 for `ts`; NaN where a value is missing), in the same order; TABLE.series: how many
rows each series has, as UInt32.
"""

import os
import sys

import numpy as np

# Of each table: its file, the name of its time, of its tag, and its fields.
TABLES = {
    "traffic": (
        "traffic.csv.zst",
        "TIMESTAMP",
        "REPORT_ID",
        ["avgMeasuredTime", "avgSpeed", "medianMeasuredTime", "vehicleCount"],
    ),
    "pollution": (
        "pollution.csv.zst",
        "timestamp",
        "sensor",
        ["ozone", "particullate_matter", "carbon_monoxide", "sulfure_dioxide",
         "nitrogen_dioxide"],
    ),
    "weather": ("weather.csv", "TIMESTAMP", None, ["hum", "tempm", "wspdm"]),
    "parking": (
        "parking.csv.zst", "updatetime", "garagecode", ["vehiclecount", "totalspaces"],
    ),
}

# What `belfry import` leaves out.
SKIPPED = {
    "traffic": ["status", "extID", "_id"],
    "pollution": ["longitude", "latitude"],
    "weather": [],
    "parking": ["_id", "streamtime"],
}

# The columns that are judged, in the order of the table.
JUDGED = [
    "traffic avgMeasuredTime", "traffic avgSpeed", "traffic medianMeasuredTime",
    "traffic vehicleCount", "traffic ts", "pollution ozone", "pollution ts", "weather hum",
    "weather tempm", "weather wspdm", "weather ts", "parking vehiclecount", "parking totalspaces",
    "parking ts",
]

# Made columns, one for each way of decoding, a million values of one series each.
FORMS = ["form DEC+FOR", "form DEC+DELTA", "form DICT", "form Int64", "form times"]


def make_forms(folder):
    count = 1 << 20
    random = np.random.default_rng(1)
    distinct = np.sort(random.random(200))
    made = {
        "DEC+FOR": random.integers(-4000, 4001, count) / 100,
        "DEC+DELTA": np.cumsum(random.integers(-3, 4, count)) / 10,
        "DICT": distinct[random.integers(0, 200, count)],
        "Int64": random.integers(0, 1001, count),
        "times": 1_700_000_000_000_000_000 + 300_000_000_000 * np.arange(count),
    }
    for name, values in made.items():
        kind = "<i8" if name in ("Int64", "times") else "<f8"
        values.astype(kind).tofile(f"{folder}/columns/form.{name}")
    np.array([count], "<u4").tofile(f"{folder}/columns/form.series")


def make(data, folder):
    import duckdb

    for name in ["rows", "columns"]:
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    connection = duckdb.connect()
    for table, (file, time, tag, fields) in TABLES.items():
        key = f"CAST({tag} AS VARCHAR)" if tag else "''"
        names = ", ".join(f'"{name}"' for name in fields)
        rows = connection.sql(
            f"SELECT {key} AS key, CAST({time} AS TIMESTAMP) AS ts, {names} "
            f"FROM read_csv('{data}/{file}') WHERE {time} IS NOT NULL "
            "QUALIFY row_number() OVER (PARTITION BY key, ts) = 1 ORDER BY key, ts"
        ).to_arrow_table()
        connection.register("rows", rows)
        connection.execute(
            f"COPY rows TO '{folder}/rows/{table}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
        connection.unregister("rows")
        keys = rows["key"].combine_chunks().dictionary_encode().indices.to_numpy()
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        np.diff(np.append(starts, len(keys))).astype("<u4").tofile(
            f"{folder}/columns/{table}.series"
        )
        times = rows["ts"].cast("timestamp[ns]").cast("int64").to_numpy()
        times.astype("<i8").tofile(f"{folder}/columns/{table}.ts")
        for field in fields:
            values = rows[field].to_numpy(zero_copy_only=False).astype("<f8")
            values.tofile(f"{folder}/columns/{table}.{field}")


def is_time(column):
    return column.endswith((" ts", " times"))


def read(folder, column):
    """The values of `TABLE COLUMN`, and how many each series has."""
    table, name = column.split(" ")
    kind = "<i8" if name in ("ts", "times", "Int64") else "<f8"
    values = np.fromfile(f"{folder}/columns/{table}.{name}", kind)
    return values, np.fromfile(f"{folder}/columns/{table}.series", "<u4")


def read_for_peers(folder, column):
    """The same with times in milliseconds, which is what a user of theirs would store."""
    values, lengths = read(folder, column)
    return (values // 1_000_000 if is_time(column) else values), lengths


def whole(values):
    """The values as Int64 where all of them are whole numbers, else None."""
    if values.dtype == np.dtype("<i8"):
        return values
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return None
    return values.astype("<i8")


if __name__ == "__main__":
    make(*sys.argv[1:])
    make_forms(sys.argv[2])
