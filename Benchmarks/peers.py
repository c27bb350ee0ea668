"""DuckDB and ClickHouse on the same files, the same questions, the same machine, in one run.

usage: peers.py ENGINE DATA FOLDER QUERIES     (figures as JSON lines)

Each question is asked seven times and the fastest counts, as for Belfry; peers keep their tables in
files, sorted as they like best (ClickHouse by sensor and time), and use all cores.
"""

import json
import os
import subprocess
import sys
import time

TABLES = {
    "traffic": (
        "traffic.csv.zst",
        "TIMESTAMP AS time, CAST(REPORT_ID AS VARCHAR) AS sensor, avgSpeed AS speed, "
        "vehicleCount AS vehicles, avgMeasuredTime AS travel",
    ),
    "pollution": (
        "pollution.csv.zst",
        "timestamp AS time, CAST(sensor AS VARCHAR) AS sensor, ozone, "
        "particullate_matter AS pm, carbon_monoxide AS co, sulfure_dioxide AS so2, "
        "nitrogen_dioxide AS no2",
    ),
    "weather": ("weather.csv", "TIMESTAMP AS time, hum, tempm, wspdm"),
    "parking": (
        "parking.csv.zst",
        "updatetime AS time, garagecode AS garage, vehiclecount AS vehicles, "
        "totalspaces AS spaces",
    ),
}


def report(engine, name, seconds, rows=0, size=0):
    print(
        json.dumps(
            {"engine": engine, "name": name, "seconds": seconds, "rows": rows, "bytes": size}
        ),
        flush=True,
    )


def questions(path):
    found = []
    for line in open(path):
        if line.startswith("-- "):
            found.append([line[3:].strip(), ""])
        elif found:
            found[-1][1] += line
    return found


def fastest(count, body):
    best, answer = float("inf"), None
    for _ in range(count):
        start = time.perf_counter()
        answer = body()
        best = min(best, time.perf_counter() - start)
    return best, answer


def folder_size(path):
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path)
        for name in names
    )


def duckdb_run(data, folder, queries):
    import duckdb

    path = os.path.join(folder, "peer.duckdb")
    connection = duckdb.connect(path)
    start = time.perf_counter()
    rows = 0
    for table, (name, columns) in TABLES.items():
        connection.execute(
            f"CREATE TABLE {table} AS SELECT {columns} FROM read_csv('{data}/{name}')"
        )
    connection.execute("CHECKPOINT")
    seconds = time.perf_counter() - start
    for table in TABLES:
        rows += connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    report("duckdb", "import", seconds, rows)
    report("duckdb", "size", 0, rows, os.path.getsize(path))

    arrow = connection.execute("SELECT * FROM traffic").to_arrow_table()
    for name in ["append_interval", "append_sync"]:
        best = committed = float("inf")
        for round_ in range(9):
            other = duckdb.connect(os.path.join(folder, f"{name}{round_}.duckdb"))
            other.execute(
                "CREATE TABLE traffic (time TIMESTAMP, sensor VARCHAR, speed BIGINT, "
                "vehicles BIGINT, travel BIGINT)"
            )
            start = time.perf_counter()
            if name == "append_sync":
                # As many commits as Belfry makes: one a batch.
                for first in range(0, arrow.num_rows, 64512):
                    part = arrow.slice(first, 64512)
                    other.execute("INSERT INTO traffic SELECT * FROM part")
            else:
                other.execute("INSERT INTO traffic SELECT * FROM arrow")
            committed = min(committed, time.perf_counter() - start)
            other.close()
            best = min(best, time.perf_counter() - start)
        report("duckdb", name, committed, arrow.num_rows)
        report("duckdb", name + "_closed", best, arrow.num_rows)

    # The duplicates that Belfry drops at import, so that both have the same rows.
    connection.execute(
        "CREATE OR REPLACE TABLE traffic AS SELECT * FROM (SELECT *, rowid AS r FROM traffic) "
        "QUALIFY row_number() OVER (PARTITION BY sensor, time ORDER BY r DESC) = 1 "
        "ORDER BY sensor, time"
    )
    connection.execute("ALTER TABLE traffic DROP COLUMN r")
    connection.execute("CHECKPOINT")
    for name, sql in questions(queries):
        seconds, answer = fastest(7, lambda: connection.execute(sql).fetchall())
        report("duckdb", name, seconds, len(answer))


def clickhouse_run(data, folder, queries):
    from chdb import session

    path = os.path.join(folder, "chdb")
    client = session.Session(path)
    client.query("CREATE DATABASE IF NOT EXISTS city ENGINE = Atomic")
    client.query("USE city")
    types = {
        "traffic": "time DateTime64(3, 'UTC'), sensor LowCardinality(String), speed Int64, "
        "vehicles Int64, travel Int64",
        "pollution": "time DateTime64(3, 'UTC'), sensor LowCardinality(String), ozone Int64, "
        "pm Int64, co Int64, so2 Int64, no2 Int64",
        "weather": "time DateTime64(3, 'UTC'), hum Nullable(Float64), tempm Nullable(Float64), "
        "wspdm Nullable(Float64)",
        "parking": "time DateTime64(3, 'UTC'), garage LowCardinality(String), vehicles Int64, "
        "spaces Int64",
    }
    order = {
        "traffic": "sensor, time",
        "pollution": "sensor, time",
        "weather": "time",
        "parking": "garage, time",
    }
    source = {
        "traffic": "parseDateTime64BestEffort(TIMESTAMP, 3, 'UTC'), toString(REPORT_ID), "
        "avgSpeed, vehicleCount, avgMeasuredTime",
        "pollution": "parseDateTime64BestEffort(timestamp, 3, 'UTC'), toString(sensor), ozone, "
        "particullate_matter, carbon_monoxide, sulfure_dioxide, nitrogen_dioxide",
        "weather": "parseDateTime64BestEffort(TIMESTAMP, 3, 'UTC'), hum, tempm, wspdm",
        "parking": "parseDateTime64BestEffort(updatetime, 3, 'UTC'), garagecode, vehiclecount, "
        "totalspaces",
    }
    times = {"traffic": "TIMESTAMP", "pollution": "timestamp", "weather": "TIMESTAMP",
             "parking": "updatetime"}
    start = time.perf_counter()
    for table, (name, _) in TABLES.items():
        client.query(
            f"CREATE TABLE {table} ({types[table]}) ENGINE = MergeTree ORDER BY ({order[table]})"
        )
        client.query(
            f"INSERT INTO {table} SELECT {source[table]} FROM "
            f"file('{data}/{name}', 'CSVWithNames') "
            "SETTINGS schema_inference_make_columns_nullable=1, "
            f"schema_inference_hints='{times[table]} String'"
        )
    seconds = time.perf_counter() - start
    rows = 0
    for table in TABLES:
        rows += int(str(client.query(f"SELECT count() FROM {table}")).strip())
    report("clickhouse", "import", seconds, rows)
    for table in TABLES:
        client.query(f"OPTIMIZE TABLE {table} FINAL")
    size = str(
        client.query(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'city'"
        )
    )
    report("clickhouse", "size", 0, rows, int(size.strip()))
    client.query(
        "CREATE TABLE unique_traffic AS traffic ENGINE = MergeTree ORDER BY (sensor, time)"
    )
    client.query("INSERT INTO unique_traffic SELECT * FROM traffic LIMIT 1 BY sensor, time")
    client.query("EXCHANGE TABLES traffic AND unique_traffic")
    client.query("OPTIMIZE TABLE traffic FINAL")
    for name, sql in questions(queries):
        sql = sql.strip().rstrip(";") + " SETTINGS join_use_nulls=1"
        try:
            seconds, answer = fastest(7, lambda: str(client.query(sql, "CSV")))
        except Exception as error:  # an older or newer dialect
            print(f"clickhouse: {name}: {str(error)[:200]}", file=sys.stderr)
            continue
        report("clickhouse", name, seconds, answer.count("\n"))


if __name__ == "__main__":
    engine, data, folder, queries = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    {"duckdb": duckdb_run, "clickhouse": clickhouse_run}[engine](data, folder, queries)
