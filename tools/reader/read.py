#!/usr/bin/env python3
"""Reads a closed Belfry store by the text of formats/ alone, and prints what it holds.

    read.py STORE                 every table: a line "# name column column ...", then a line a row
    read.py STORE --table NAME    one table
    read.py STORE --strips        every strip of every live segment, value by value
    read.py STORE --codecs        which forms of formats/codecs.md and segment.md occur, one a line
    read.py --file FILE           strips without a segment, see file_of_strips

Values are separated by tabs. Numbers, times (nanoseconds since 1970) and dates (days since 1970)
are whole numbers; doubles stand as their shortest decimal, with --bits as 16 hexadecimal digits of
their pattern. With --forms-to FILE, what --codecs prints goes to a file as well. A missing value
is \\N; in texts \\, tab, line feed and carriage return are \\\\, \\t, \\n, \\r.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cursor import Cursor, FormatError  # noqa: E402
from definitions import BOOLEAN, DOUBLE, TEXT  # noqa: E402
from doubles import double_of  # noqa: E402
from store import Store  # noqa: E402
from strip import BOOLEANS, DOUBLES, TEXTS, Strip  # noqa: E402

TYPE_OF_KIND = {BOOLEANS: BOOLEAN, DOUBLES: DOUBLE, TEXTS: TEXT}


def escaped(text):
    text = text.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def printed(type_, value, bits):
    if value is None:
        return "\\N"
    if type_ == TEXT:
        return escaped(value)
    if type_ == BOOLEAN:
        return "true" if value else "false"
    if type_ == DOUBLE:
        return f"{value:016x}" if bits else repr(double_of(value))
    return str(value)


def print_table(store, table, bits, out):
    out.write("\t".join(["# " + table.name] + [column.name for column in table.columns]) + "\n")
    for series, time, values in store.rows(table):
        line = store.line(table, series, time, values)
        out.write("\t".join(printed(type_, value, bits) for type_, value in line) + "\n")


def print_strip(strip, out):
    type_ = TYPE_OF_KIND.get(strip.kind)
    out.write("\t".join(printed(type_, value, True) for value in strip.values) + "\n")


def print_strips(store, out):
    for segment in sorted(store.segments, key=lambda segment: segment.file_id):
        for index, block in enumerate(segment.blocks):
            for column in block.strips:
                out.write(f"# segment {segment.file_id} block {index} column {column}\n")
                print_strip(segment.strip(index, column), out)


def file_of_strips(path):
    """Strips for offset 0 and salt 0, each behind a head: kind (u8), source (u32, its place among
    the strips before and one more, or 0), rows and bytes (u32)."""
    with open(path, "rb") as file:
        cursor = Cursor(file.read())
    strips = []
    while cursor.at < cursor.end:
        kind, source, rows, count = cursor.u8(), cursor.u32(), cursor.u32(), cursor.u32()
        source = strips[source - 1] if source else None
        strips.append(Strip(cursor.take(count), kind, rows, source=source))
    return strips


def print_forms(strips, more, out):
    forms = set(more)
    for strip in strips:
        forms.update(strip.forms())
    out.write("".join(form + "\n" for form in sorted(forms)))


def print_forms_of_store(store, out):
    strips = [segment.strip(index, column) for segment in store.segments
              for index, block in enumerate(segment.blocks) for column in block.strips]
    print_forms(strips, store.forms(), out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("store", nargs="?")
    parser.add_argument("--table")
    parser.add_argument("--bits", action="store_true")
    parser.add_argument("--strips", action="store_true")
    parser.add_argument("--codecs", action="store_true")
    parser.add_argument("--file")
    parser.add_argument("--forms-to")
    arguments = parser.parse_args()
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", errors="surrogateescape", newline="\n",
               closefd=False)
    try:
        if arguments.file:
            strips = file_of_strips(arguments.file)
            for strip in strips:
                print_strip(strip, out)
            if arguments.forms_to:
                with open(arguments.forms_to, "w", encoding="utf-8") as file:
                    print_forms(strips, [], file)
        elif not arguments.store:
            parser.error("a store or --file FILE")
        elif arguments.codecs:
            print_forms_of_store(Store(arguments.store), out)
        elif arguments.strips:
            print_strips(Store(arguments.store), out)
        else:
            store = Store(arguments.store)
            tables = [table for table in store.tables.values()
                      if arguments.table in (None, table.name)]
            if arguments.table and not tables:
                raise FormatError(f"no table {arguments.table}")
            for table in sorted(tables, key=lambda table: table.number):
                print_table(store, table, arguments.bits, out)
            if arguments.forms_to:
                with open(arguments.forms_to, "w", encoding="utf-8") as file:
                    print_forms_of_store(store, file)
    except FormatError as error:
        out.flush()
        sys.exit(f"read.py: {error}")
    out.flush()


if __name__ == "__main__":
    main()
