"""Sums and filters over the table of `SumBench.swift`, asked of DuckDB and ClickHouse.

usage: codec_sums.py ENGINE FOLDER TIMES QUERIES     ENGINE: duckdb, clickhouse; JSON lines

The traffic of Aarhus TIMES times, each 61 days later; one thread, data in the page cache. DuckDB
keeps the columns as it likes best. ClickHouse has the table once for each pair of chains: doubles
as ALP, whole numbers as T64, and both below ZSTD(3); no index or projection answers for the data.
"""

import os
import shutil
import sys

import numpy as np
import pyarrow

from codec_peers import fastest, report
from columns import read


def readings(folder, times):
    """One Arrow table, by time of repetition, sensor and time."""
    fields = ["avgMeasuredTime", "avgSpeed", "vehicleCount"]
    travel, speed, vehicles = (read(folder, f"traffic {field}")[0] for field in fields)
    stamps, lengths = read(folder, "traffic ts")
    step = 61 * 86_400 * 10**9
    sensors = np.repeat(np.arange(len(lengths), dtype="<i4"), lengths)
    minutes = np.floor(travel / 60 * 100 + 0.5) / 100
    return pyarrow.table({
        "time": pyarrow.array(
            np.concatenate([(stamps + step * index) // 10**6 for index in range(times)]),
            pyarrow.timestamp("ms"),
        ),
        "sensor": np.tile(sensors, times),
        "travel": np.tile(travel, times),
        "speed": np.tile(speed, times),
        "minutes": np.tile(minutes, times),
        "vehicles": np.tile(vehicles.astype("<i8"), times),
    })


def questions(path):
    with open(path) as file:
        return [line.strip() for line in file if not line.startswith("--")]


def duckdb_run(folder, times, queries):
    import duckdb

    path = f"{folder}/sums.duckdb"
    if os.path.exists(path):
        os.remove(path)
    rows = readings(folder, times)
    connection = duckdb.connect(path)
    connection.execute("CREATE TABLE readings AS SELECT * FROM rows ORDER BY sensor, time")
    connection.execute("CHECKPOINT")
    connection.close()
    connection = duckdb.connect(path, config={"threads": 1})
    for sql in queries:
        answer = connection.execute(sql).fetchall()
        seconds = fastest(lambda: connection.execute(sql).fetchall(), seconds=1.5)
        report("duckdb", "sql", sql, rows.num_rows / seconds, "ALP, bit-packing")
        report("duckdb", "answer", sql, float(answer[0][0]))
    connection.close()
    os.remove(path)


def clickhouse_run(folder, times, queries):
    from chdb import session

    place = f"{folder}/chdb-sums"
    shutil.rmtree(place, ignore_errors=True)
    client = session.Session(place)
    for setting in ["allow_experimental_codecs", "allow_suspicious_codecs", "enable_alp_codec"]:
        client.query(f"SET {setting} = 1")
    client.query("CREATE DATABASE IF NOT EXISTS city ENGINE = Atomic")
    client.query("USE city")
    import pyarrow.parquet

    file = f"{folder}/sums.parquet"
    rows = readings(folder, times)
    pyarrow.parquet.write_table(rows, file, compression="lz4")
    for variant, doubles, whole in [
        ("ALP, T64", "ALP", "T64"), ("ALP, T64, ZSTD(3)", "ALP, ZSTD(3)", "T64, ZSTD(3)"),
    ]:
        client.query(
            "CREATE TABLE readings (time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(3)), "
            f"sensor Int32 CODEC(T64, ZSTD(3)), travel Float64 CODEC({doubles}), "
            f"speed Float64 CODEC({doubles}), minutes Float64 CODEC({doubles}), "
            f"vehicles Int64 CODEC({whole})) ENGINE = MergeTree ORDER BY (sensor, time)"
        )
        client.query(f"INSERT INTO readings SELECT * FROM file('{file}', 'Parquet')")
        client.query("OPTIMIZE TABLE readings FINAL")
        settings = " SETTINGS max_threads = 1, use_query_condition_cache = 0"
        for sql in queries:
            answer = str(client.query(sql + settings, "TabSeparated"))
            seconds = fastest(lambda: client.query(sql + settings, "TabSeparated"), seconds=1.5)
            report("clickhouse", "sql", sql, rows.num_rows / seconds, variant)
            report("clickhouse", "answer", sql, float(answer))
        client.query("DROP TABLE readings SYNC")
    os.remove(file)
    shutil.rmtree(place)


if __name__ == "__main__":
    engine, folder, times, path = sys.argv[1:]
    {"duckdb": duckdb_run, "clickhouse": clickhouse_run}[engine](
        folder, int(times), questions(path)
    )
