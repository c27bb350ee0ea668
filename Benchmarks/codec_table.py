"""JSON lines of one run of `tools/bench codecs` to its Markdown tables.

usage: codec_table.py FILE…     what a peer lacks is said, not left out
"""

import json
import sys

from columns import FORMS, JUDGED

# Bits a value, headers counted but neither statistics nor block headers: LIGHT and COLD. The first
# two of weather ts and parking ts, and what a column equal to another needs, have no goal.
GOALS = {
    "traffic avgMeasuredTime": (5.18, 3.91), "traffic avgSpeed": (4.40, 3.32),
    "traffic vehicleCount": (3.27, 2.49), "traffic ts": (0.750, 0.450),
    "pollution ozone": (4.10, 3.62), "pollution ts": (0.020, 0.020),
    "weather hum": (5.30, 4.88), "weather tempm": (2.06, 1.32), "weather wspdm": (3.47, 2.75),
    "parking vehiclecount": (5.50, 4.47),
}

figures = {}
for path in sys.argv[1:]:
    for line in open(path):
        item = json.loads(line)
        if "error" in item:
            print(f"{path}: {item['error']}", file=sys.stderr)
            continue
        place = item["peer"], item["column"], item["what"]
        figures.setdefault(place, {})[item["variant"]] = item["value"]


def get(peer, column, what, variant=""):
    return figures.get((peer, column, what), {}).get(variant)


def least(peer, column, what="bits", kind="", highest=False):
    """The best of all variants whose name has `kind` in it, and its name."""
    found = [
        (value, name)
        for name, value in figures.get((peer, column, what), {}).items()
        if kind in name
    ]
    return (max if highest else min)(found, default=(None, ""))


def bits(value):
    return "-" if value is None else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def rate(value):
    if value is None:
        return "-"
    digits = 0 if value >= 1e8 else 1
    return f"{value / 1e9:.2f} G/s" if value >= 1e9 else f"{value / 1e6:.{digits}f} M/s"


def ratio(own, other):
    return "-" if not own or not other else f"{own / other:.2f}x"


def table(heads, rows):
    print("| " + " | ".join(heads) + " |")
    print("| --- |" + " ---: |" * (len(heads) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def belfry_bits(column, tier):
    """Of the strips over the whole column by itself, statistics and checksums counted."""
    value = get("belfry", column, "bits", f"{tier} int")
    return value or get("belfry", column, "bits", f"{tier} double")


def versions():
    names = ["pcodec", "vortex", "parquet", "clickhouse", "duckdb", "victoria"]
    found = {name: get(name, "", "version") for name in names}
    print("Peers: " + ", ".join(
        f"{name} {version}" if version else f"{name} not installed or did not finish"
        for name, version in found.items()
    ) + ".\n")


def columns():
    print("## Columns: bits a value\n")
    tiers = ["LIGHT", "COLD"]
    if get("belfry", "", "missing", "LIGHT"):
        print("This build has no `belfry sizes`: goals are held against the strips alone.\n")
    rows = []
    for column in JUDGED:
        row = [column]
        alone = [belfry_bits(column, tier) for tier in tiers]
        goals = GOALS.get(column, (None, None))
        for tier, own, goal in zip(tiers, alone, goals):
            stored = get("belfry", column, "stored", tier)
            judged = own if stored is None else stored
            row.append(bits(judged))
            row.append(f"{bits(goal)} ({(judged / goal - 1) * 100:+.0f} %)" if goal and judged else "-")
        row.append(" / ".join(bits(value) for value in alone))
        row.append(
            " / ".join(bits(get("belfry", column, "statistics", tier)) for tier in tiers)
        )
        pco = [least("pcodec", column, kind=kind)[0] for kind in ["int", "double"]]
        parquet, encoding = least("parquet", column)
        house, chain = least("clickhouse", column)
        row += [
            " / ".join(bits(value) for value in pco),
            f"{bits(parquet)} {encoding}".strip(), f"{bits(house)} {chain}".strip(),
            bits(least("duckdb", column)[0]), bits(get("victoria", column, "bits")),
            bits(get("zstd", column, "bits", "9")),
            " ".join([bits(least("vortex", column)[0]), least("vortex", column)[1]]).strip(),
        ]
        rows.append(row)
    table(
        ["column", "LIGHT", "goal", "COLD", "goal", "strips by themselves",
         "statistics", "pcodec int / double", "Parquet+zstd-3",
         "ClickHouse", "DuckDB file", "VictoriaMetrics", "zstd-9", "Vortex"],
        rows,
    )


def folders():
    print("## Tables and folders\n")
    for tier in ["LIGHT", "COLD"]:
        row = get("belfry", "traffic", "row", tier)
        if row:
            print(f"Traffic, time and four metrics, {tier}: {bits(row)} bits a row without "
                  "statistics and headers of blocks.\n")
    rows = []
    light, cold = (get("belfry", "all", "folder", tier) for tier in ["LIGHT", "COLD"])
    reserve = [
        get("belfry", "all", "folder with reserve", tier) for tier in ["LIGHT", "COLD"]
    ]
    traffic = [get("belfry", "traffic", "table", tier) for tier in ["LIGHT", "COLD"]]
    for name, size, row_bits in [
        ("Belfry LIGHT", light, traffic[0]), ("Belfry COLD", cold, traffic[1]),
        ("Belfry LIGHT, with its reserve for a full disk", reserve[0], None),
        ("Belfry COLD, with its reserve", reserve[1], None),
        ("Parquet, best encodings and zstd-3", get("parquet", "all", "folder"),
         get("parquet", "traffic", "table")),
        ("ClickHouse, best chains", get("clickhouse", "all", "folder"),
         get("clickhouse", "traffic", "table")),
        ("VictoriaMetrics, whole folder", get("victoria", "all", "folder"), None),
        ("VictoriaMetrics, values and times alone", get("victoria", "all", "values and times"),
         None),
        ("DuckDB file", get("duckdb", "all", "folder"), get("duckdb", "traffic", "table")),
    ]:
        rows.append([
            name, bits(row_bits), "-" if size is None else f"{size / 1e6:.2f} MB",
            ratio(size, cold), ratio(size, light),
        ])
    table(
        ["whole database, four tables", "traffic by itself: bits a row", "all", "to Belfry COLD",
         "to Belfry LIGHT"],
        rows,
    )


def decoding():
    print("## Decoding, one core\n")
    memory = get("belfry", "memory", "copy", "DRAM")
    cached = get("belfry", "memory", "copy", "L1")
    print(f"Copies of eight-byte values in this run: {rate(cached)} in the L1 cache, "
          f"{rate(memory)} in memory.\n")
    rows = []
    for column in [*FORMS, *JUDGED]:
        for kind in ["double", "int"]:
            light = get("belfry", column, "decode", f"LIGHT {kind}")
            cold = get("belfry", column, "decode", f"COLD {kind}")
            if light is None:
                continue
            pco = get("pcodec", column, "decode", f"8 {kind}")
            vortex, name = least("vortex", column, "decode")
            if kind == "int" and not column.endswith(("ts", "times", "Int64")):
                vortex, name = None, ""
            is_cold = get("belfry", column, "bits", f"COLD {kind}") != get(
                "belfry", column, "bits", f"LIGHT {kind}")
            rows.append([
                f"{column} ({kind})", rate(light), ratio(light, vortex),
                f"{rate(vortex)} {name}".strip(), ratio(light, memory), ratio(light, pco),
                rate(cold) if is_cold else "as LIGHT", ratio(cold, pco), rate(pco),
            ])
    table(
        ["column", "LIGHT", "to Vortex", "Vortex (its ALP, or what it chose)",
         "to a copy in memory", "LIGHT to pcodec", "COLD", "COLD to pcodec", "pcodec-8"],
        rows,
    )


def encoding():
    print("## Encoding, one core\n")
    rows = []
    for column in [*FORMS, *JUDGED]:
        for kind in ["double", "int"]:
            light = get("belfry", column, "encode", f"LIGHT {kind}")
            cold = get("belfry", column, "encode", f"COLD {kind}")
            if light is None:
                continue
            pco = get("pcodec", column, "encode", f"8 {kind}")
            duck = get("duckdb", column, "insert", kind)
            vortex = least("vortex", column, "encode")[0] if kind == "double" else None
            rows.append([
                f"{column} ({kind})", rate(light), ratio(light, duck), rate(duck),
                ratio(light, vortex), rate(cold), ratio(cold, pco), rate(pco),
            ])
    table(
        ["column", "LIGHT", "to DuckDB", "DuckDB insert and checkpoint", "to Vortex", "COLD",
         "COLD to pcodec", "pcodec-8"],
        rows,
    )


def sums():
    print("## SQL, one core: rows a second\n")
    rows = []
    for (peer, _, sql), found in figures.items():
        if peer != "belfry" or not sql.startswith("SELECT"):
            continue
        own, decoded = found.get("statistics"), found.get("decoding")
        houses = figures.get(("clickhouse", "sql", sql), {})
        duck = least("duckdb", "sql", sql)[0]
        alp, packed = houses.get("ALP, T64"), houses.get("ALP, T64, ZSTD(3)")
        base = decoded or own
        rows.append([
            f"`{sql.removeprefix('SELECT ').replace(' FROM readings', '')}`", rate(own),
            rate(decoded), ratio(base, alp), ratio(base, duck), rate(alp), rate(packed), rate(duck),
        ])
    table(
        ["question", "Belfry", "without statistics", "to ClickHouse ALP, T64", "to DuckDB",
         "ClickHouse ALP, T64", "the same with ZSTD(3)", "DuckDB"],
        rows,
    )


def ingest():
    print("## What encoding takes of ingest: rows a second\n")
    rows = []
    for (peer, column, what), found in figures.items():
        if column != "ingest" or "encoded" not in found or "raw" not in found:
            continue
        encoded, raw = found["encoded"], found["raw"]
        rows.append([what, rate(encoded), rate(raw), f"{(1 - encoded / raw) * 100:+.0f} %"])
    table(["ingest", "encoded", "raw strips", "what encoding takes"], rows)


versions()
columns()
folders()
decoding()
encoding()
sums()
ingest()
