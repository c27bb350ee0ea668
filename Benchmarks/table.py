"""JSON lines of several engines to a Markdown table: seconds, and ratios to Belfry.

usage: table.py FILE…
"""

import json
import sys

figures, names, engines = {}, [], []
for path in sys.argv[1:]:
    for line in open(path):
        item = json.loads(line)
        figures[item["engine"], item["name"]] = item
        if item["name"] not in names:
            names.append(item["name"])
        if item["engine"] not in engines:
            engines.append(item["engine"])


def cell(engine, name):
    item = figures.get((engine, name))
    if item is None:
        return "-"
    if name == "size":
        text, value = f"{item['bytes'] / item['rows']:.2f} B/row", item["bytes"]
    elif name.startswith("log_"):
        text = (f"{item['rows'] / item['seconds'] / 1e6:.1f} M rows/s, "
                f"{item['bytes'] / item['rows']:.1f} B/row, "
                f"{item['bytes'] / item['seconds'] / 1e6:.0f} MB/s")
        value = item["seconds"]
    elif name == "import" or name.startswith("append_"):
        text, value = f"{item['rows'] / item['seconds'] / 1e6:.2f} M rows/s", item["seconds"]
    else:
        text, value = f"{item['seconds'] * 1000:.1f} ms", item["seconds"]
    own = figures.get(("belfry", name))
    if engine == "belfry" or own is None:
        return text
    base = own["bytes"] if name == "size" else own["seconds"]
    return f"{text} ({value / base:.2f}x)"


print("| question | " + " | ".join(engines) + " |")
print("| --- |" + " ---: |" * len(engines))
for name in names:
    print(f"| {name} | " + " | ".join(cell(engine, name) for engine in engines) + " |")
print("\nIn brackets: the peer's figure as a multiple of Belfry's; above 1 Belfry is ahead.")
