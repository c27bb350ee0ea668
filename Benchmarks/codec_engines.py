"""What other engines make of the tables of `columns.py`: bits a value of each column, whole folders.

usage: codec_engines.py ENGINE FOLDER     ENGINE: clickhouse, duckdb, victoria; figures as JSON lines

clickhouse: every column under every chain of codecs, as Int64 and as Float64, in one table sorted
by key and time; then the four tables again with the best chain of each column.
duckdb: files with one column each, and one with all tables; time of insert and checkpoint, best of
three.
victoria: a folder for each column, and one with everything, after flush and merge. The server
listens on the loopback address alone and is stopped before the next.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np

from codec_peers import fastest, is_timed, report
from columns import JUDGED, TABLES, read_for_peers

INTEGER_CHAINS = [
    "T64", "T64('bit')", "Delta", "DoubleDelta", "Gorilla", "GCD, Delta", "GCD, DoubleDelta",
]
DOUBLE_CHAINS = ["Gorilla", "FPC", "ALP", "Delta", "DoubleDelta"]
TIME_CHAINS = ["Delta", "DoubleDelta", "T64", "GCD, Delta", "GCD, DoubleDelta"]
WHOLE_NUMBERS = ("traffic", "pollution", "parking")


def chains(table, field):
    """Pairs of a type and a chain; those that compress alone are also tried below ZSTD(3)."""
    if field == "ts":
        kinds = {"DateTime64(3, 'UTC')": TIME_CHAINS}
    elif table in WHOLE_NUMBERS:
        kinds = {"Int64": INTEGER_CHAINS, "Float64": DOUBLE_CHAINS}
    else:
        kinds = {"Nullable(Float64)": DOUBLE_CHAINS}
    for kind, names in kinds.items():
        for name in names:
            # A delta alone, or a divisor, saves nothing until something packs what is left.
            if name not in ("Delta", "GCD, Delta"):
                yield kind, name
            yield kind, name + ", ZSTD(3)"
        yield kind, "ZSTD(3)"


def clickhouse_run(folder):
    from chdb import session

    client = session.Session(os.path.join(folder, "chdb"))

    def ask(sql):
        return str(client.query(sql, "TabSeparated")).strip()

    report("clickhouse", "", "version", ask("SELECT version()"))
    for setting in ["allow_suspicious_codecs", "allow_experimental_codecs", "enable_alp_codec"]:
        client.query(f"SET {setting} = 1")
    client.query("CREATE DATABASE IF NOT EXISTS city ENGINE = Atomic")
    client.query("USE city")
    wide = "SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0"
    total = 0
    for table, (_, _, _, fields) in TABLES.items():
        tried, best, best_chain = {}, {}, {}
        source = f"file('{folder}/rows/{table}.parquet', 'Parquet')"
        rows = int(ask(f"SELECT count() FROM {source}"))
        for field in ["ts", *fields]:
            for kind, chain in chains(table, field):
                tried[f"{field}__{len(tried)}"] = (field, kind, chain)
        columns = ", ".join(
            f"`{name}` {kind} CODEC({chain})" for name, (_, kind, chain) in tried.items()
        )
        client.query(
            f"CREATE TABLE tried (key LowCardinality(String), at DateTime64(3, 'UTC'), {columns}) "
            f"ENGINE = MergeTree ORDER BY (key, at) {wide}"
        )
        picks = ", ".join(f"`{field}`" for field, _, _ in tried.values())
        client.query(
            f"INSERT INTO tried SELECT key, ts, {picks} FROM {source} "
            "SETTINGS min_insert_block_size_rows = 4000000, min_insert_block_size_bytes = 0, "
            "max_insert_threads = 1, max_block_size = 4000000"
        )
        if int(ask("SELECT count() FROM system.parts WHERE active AND table = 'tried'")) > 1:
            client.query("OPTIMIZE TABLE tried FINAL")
        sizes = ask(
            "SELECT column, sum(column_data_compressed_bytes) FROM system.parts_columns "
            "WHERE active AND database = 'city' AND table = 'tried' GROUP BY column"
        )
        for line in sizes.split("\n"):
            name, size = line.split("\t")
            if name not in tried:
                continue
            field, kind, chain = tried[name]
            report("clickhouse", f"{table} {field}", "bits", int(size) * 8 / rows,
                   f"{kind.split('(')[0]} {chain}")
            if kind.startswith("Float64"):
                continue  # the table keeps whole numbers as such
            if int(size) < best.get(field, float("inf")):
                best[field], best_chain[field] = int(size), (kind, chain)
        client.query("DROP TABLE tried SYNC")
        columns = ", ".join(
            f"`{field}` {kind} CODEC({chain})" for field, (kind, chain) in best_chain.items()
        )
        client.query(
            f"CREATE TABLE {table} (key LowCardinality(String) CODEC(ZSTD(3)), {columns}) "
            "ENGINE = MergeTree ORDER BY (key, ts)"
        )
        names = ", ".join(f"`{field}`" for field in best_chain)
        client.query(f"INSERT INTO {table} SELECT key, {names} FROM {source}")
        client.query(f"OPTIMIZE TABLE {table} FINAL")
        size = int(ask(
            "SELECT sum(bytes_on_disk) FROM system.parts "
            f"WHERE active AND database = 'city' AND table = '{table}'"
        ))
        report("clickhouse", table, "table", size * 8 / rows)
        total += size
    report("clickhouse", "all", "folder", total)


def duckdb_run(folder):
    import duckdb
    import pyarrow

    def store(path, statements):
        if os.path.exists(path):
            os.remove(path)
        connection = duckdb.connect(path, config={"threads": 1})
        start = time.perf_counter()
        for statement in statements:
            connection.execute(statement)
        connection.execute("CHECKPOINT")
        seconds = time.perf_counter() - start
        connection.close()
        return os.path.getsize(path), seconds

    report("duckdb", "", "version", duckdb.__version__)
    path = f"{folder}/peer.duckdb"
    empty, _ = store(path, ["CREATE TABLE a (v DOUBLE)"])
    for column in JUDGED:
        values, _ = read_for_peers(folder, column)
        if not is_timed(values):
            continue  # less than a block of its file
        table, field = column.split(" ")
        picks = {"double": f"CAST({field} AS DOUBLE)"}
        if table in WHOLE_NUMBERS:
            picks = {"int": field, **picks}
        if field == "ts":
            picks = {"int": "ts"}
        for variant, pick in picks.items():
            # In memory before the clock starts: what is timed is the insertion.
            keep = duckdb.connect(config={"threads": 1})
            kept = keep.sql(
                f"SELECT {pick} AS v FROM read_parquet('{folder}/rows/{table}.parquet') "
                "ORDER BY file_row_number"
            ).to_arrow_table()
            best = float("inf")
            for _ in range(3):
                if os.path.exists(path):
                    os.remove(path)
                connection = duckdb.connect(path, config={"threads": 1})
                connection.register("kept", kept)
                start = time.perf_counter()
                connection.execute("CREATE TABLE a AS SELECT v FROM kept")
                connection.execute("CHECKPOINT")
                best = min(best, time.perf_counter() - start)
                connection.close()
            size = os.path.getsize(path)
            report("duckdb", column, "bits", (size - empty) * 8 / len(values), variant)
            report("duckdb", column, "insert", len(values) / best, variant)
    statements = []
    for table in TABLES:
        rows = f"(SELECT * FROM read_parquet('{folder}/rows/{table}.parquet') ORDER BY key, ts)"
        statements.append(f"CREATE TABLE {table} AS FROM {rows}")
        size, _ = store(path, statements[-1:])
        count = int(read_for_peers(folder, f"{table} ts")[1].sum())
        report("duckdb", table, "table", size * 8 / count)
    size, _ = store(path, statements)
    report("duckdb", "all", "folder", size)


class Victoria:
    """A server on a free loopback port with a folder of its own, for the length of a `with`."""

    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["victoria-metrics", f"-storageDataPath={self.folder}", "-retentionPeriod=100y",
             f"-httpListenAddr=127.0.0.1:{self.port}", "-memory.allowedBytes=2GB"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                self.call("/health")
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError("VictoriaMetrics does not answer")

    def call(self, path, body=None):
        address = f"http://127.0.0.1:{self.port}{path}"
        return urllib.request.urlopen(address, body, timeout=60).read()

    def add(self, metric, keys, lengths, times, values):
        """A series' values as lines of JSON; missing values are left out, as they would be."""
        first = 0
        for key, length in zip(keys, lengths):
            part = slice(first, first + int(length))
            first += int(length)
            there = np.isfinite(values[part])
            whole = values[part][there]
            line = {
                "metric": {"__name__": metric, "key": str(key)},
                "values": whole.tolist(), "timestamps": times[part][there].tolist(),
            }
            self.call("/api/v1/import", json.dumps(line).encode() + b"\n")

    def settle(self):
        self.call("/internal/force_flush")
        self.call("/internal/force_merge")
        # It answers at once and merges on; stopped in the middle it would leave half a part.
        for _ in range(600):
            time.sleep(0.1)
            if b"vm_active_force_merges 0" in self.call("/metrics"):
                return
        raise RuntimeError("VictoriaMetrics does not end its merge")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def file_sizes(folder):
    sizes = {}
    for place, _, names in os.walk(folder):
        for name in names:
            size = os.lstat(os.path.join(place, name)).st_size
            sizes[name] = sizes.get(name, 0) + size
            sizes[""] = sizes.get("", 0) + size
    return sizes


def victoria_run(folder):
    path = f"{folder}/victoria"
    words = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "victoria-metrics"], capture_output=True, text=True
    )
    report("victoria", "", "version", words.stdout.strip())
    timed = set()
    for column in JUDGED:
        table, field = column.split(" ")
        if field == "ts":
            continue
        values, lengths = read_for_peers(folder, column)
        times, _ = read_for_peers(folder, f"{table} ts")
        with Victoria(path) as server:
            server.add(field, range(len(lengths)), lengths, times, values)
            server.settle()
        sizes = file_sizes(path)
        report("victoria", column, "bits", sizes["values.bin"] * 8 / len(values))
        if table not in timed:
            timed.add(table)
            report("victoria", f"{table} ts", "bits", sizes["timestamps.bin"] * 8 / len(values))
    with Victoria(path) as server:
        for table, (_, _, _, fields) in TABLES.items():
            times, lengths = read_for_peers(folder, f"{table} ts")
            for field in fields:
                values, _ = read_for_peers(folder, f"{table} {field}")
                server.add(f"{table}_{field}", range(len(lengths)), lengths, times, values)
        server.settle()
    sizes = file_sizes(path)
    report("victoria", "all", "folder", sizes[""])
    report("victoria", "all", "values and times", sizes["values.bin"] + sizes["timestamps.bin"])
    shutil.rmtree(path)


if __name__ == "__main__":
    engine, folder = sys.argv[1:]
    {"clickhouse": clickhouse_run, "duckdb": duckdb_run, "victoria": victoria_run}[engine](folder)
