"""What Belfry makes of the readings of Aarhus: each column and the whole folder, in both tiers.

usage: codec_belfry.py make BELFRY DATA FOLDER      BELFRY: the program
       codec_belfry.py sizes BELFRY DATA FOLDER     figures as JSON lines

`belfry import` of the four files and `belfry compact`, once for each tier; a minute later, when the
segments that compaction replaced may go, `belfry sizes` and the bytes of the folder.
"""

import json
import os
import subprocess
import sys

from codec_peers import report
from columns import SKIPPED, TABLES, read


TIERS = ["LIGHT", "COLD"]


def place(folder, tier, names=TABLES):
    return f"{folder}/belfry-{tier}" + ("" if names is TABLES else "-traffic")


def folder_bytes(folder):
    """All files, and the reserve for a full disk among them."""
    sizes = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            sizes[os.path.relpath(path, folder)] = os.lstat(path).st_size
    reserve = sum(size for name, size in sizes.items() if "reserve" in name.lower())
    return sum(sizes.values()), reserve


def run(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise SystemExit(f"belfry {words[0]} did not finish")
    return done.stdout


def sizes(program, path, tier):
    """`belfry sizes`, where this build has it."""
    done = subprocess.run(
        [program, "sizes", path, "--format", "json"], capture_output=True, text=True
    )
    if done.returncode:
        report("belfry", "", "missing", "belfry sizes", tier)
        return
    # The names of the readings, whatever the case of the tables'.
    names = {
        f"{table} {name}".lower(): f"{table} {name}"
        for table, (_, _, _, fields) in TABLES.items() for name in ["ts", *fields]
    }
    for table in json.loads(done.stdout)["tables"]:
        report("belfry", table["table"], "row", table["bits_per_row"], tier)
        for column in table["columns"]:
            name = names.get(f"{table['table']} {column['column']}".lower())
            if name is None or not column["values"]:
                continue
            report("belfry", name, "stored", column["bits_per_value"], tier)
            statistics = column["parts"].get("statistics", 0) * 8 / column["values"]
            report("belfry", name, "statistics", statistics, tier)


def make(program, data, folder):
    """All four tables, and traffic by itself."""
    for tier, names in [(tier, names) for tier in TIERS for names in [TABLES, ["traffic"]]]:
        path = place(folder, tier, names)
        for table in names:
            file, time, tag, _ = TABLES[table]
            words = ["import", path, f"{data}/{file}", "--table", table, "--time", time,
                     "--map", f"{time}=ts", "--quiet"]
            words += ["--tag", tag] if tag else []
            for name in SKIPPED[table]:
                words += ["--skip", name]
            run(program, *words)
        run(program, "compact", path, "--tier", tier.lower())


def measure(program, folder):
    for tier in TIERS:
        alone = place(folder, tier, ["traffic"])
        run(program, "compact", alone, "--tier", tier.lower())
        total, reserve = folder_bytes(alone)
        rows = int(read(folder, "traffic ts")[1].sum())
        report("belfry", "traffic", "table", (total - reserve) * 8 / rows, tier)
        path = place(folder, tier)
        # Nothing is left to compact: it removes what was replaced a minute ago.
        run(program, "compact", path, "--tier", tier.lower())
        total, reserve = folder_bytes(path)
        report("belfry", "all", "folder", total - reserve, tier)
        report("belfry", "all", "folder with reserve", total, tier)
        sizes(program, path, tier)


if __name__ == "__main__":
    step, program, data, folder = sys.argv[1:]
    if step == "make":
        make(program, data, folder)
    else:
        measure(program, folder)
