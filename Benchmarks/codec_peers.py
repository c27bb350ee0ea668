"""Other codecs on the columns of `columns.py`: their bits a value, and their speed on one core.

usage: codec_peers.py PEER FOLDER     PEER: pcodec, vortex, parquet, zstd; figures as JSON lines

pcodec: levels 8 and 12, one chunk a series, as doubles and, where all values are whole, as Int64.
vortex: the ALP of the Vortex library, of doubles whatever they hold, in one array.
parquet: one column a file, the least of plain, dictionary, BYTE_STREAM_SPLIT and DELTA, all with
zstd-3, as doubles and as Int64.
zstd: level 9 around the plain doubles, a frame a series.

A speed is the fastest of several runs that warm caches first; the decoded values were compared.
"""

import importlib.metadata
import io
import json
import sys
import time

import numpy as np

from columns import FORMS, JUDGED, TABLES, is_time, read_for_peers, whole


def report(peer, column, what, value, variant=""):
    print(
        json.dumps({"peer": peer, "column": column, "what": what, "variant": variant,
                    "value": value}),
        flush=True,
    )


def fastest(body, seconds=0.5, least=3, most=9):
    """Of at least three runs, and of more as long as half a second lasts."""
    best, spent, count = float("inf"), 0.0, 0
    while count < least or (spent < seconds and count < most):
        start = time.perf_counter()
        body()
        took = time.perf_counter() - start
        best, spent, count = min(best, took), spent + took, count + 1
    return best


def timed_and_judged(folder):
    yield from judged(folder, JUDGED + FORMS)


def judged(folder, names=JUDGED):
    for column in names:
        values, lengths = read_for_peers(folder, column)
        yield column, values, np.split(values, np.cumsum(lengths)[:-1])


def kinds(column, values):
    """As whole numbers, where all are, and as doubles, which times never are."""
    integers = whole(values)
    if integers is not None:
        yield "int", integers
    if not is_time(column) and column != "form Int64":
        yield "double", values


def is_timed(values):
    """Columns of a few thousand values fit into a cache and tell of calls, not of codecs."""
    return len(values) > 100_000


def pcodec_run(folder):
    from pcodec import ChunkConfig, DeltaSpec, ModeSpec, standalone, wrapped

    def size(parts, config):
        """Header, chunk heads and pages, as a container that keeps one chunk a series has them."""
        file = wrapped.FileCompressor()
        total = len(file.write_header())
        for part in parts:
            chunk = file.chunk_compressor(part, config)
            total += len(chunk.write_meta())
            total += sum(len(chunk.write_page(page)) for page in range(len(chunk.n_per_page())))
        return total

    for column, values, parts in timed_and_judged(folder):
        for kind, typed in kinds(column, values):
            split = np.split(typed, np.cumsum([len(part) for part in parts])[:-1])
            for level in [8, 12]:
                config = ChunkConfig(compression_level=level)
                variant = f"{level} {kind}"
                report("pcodec", column, "bits", size(split, config) * 8 / len(values), variant)
                if level != 8 or not is_timed(values):
                    continue
                chunks = []

                def encode():
                    chunks[:] = [standalone.simple_compress(part, config) for part in split]

                seconds = fastest(encode)
                report("pcodec", column, "encode", len(values) / seconds, variant)
                target = np.empty_like(typed)
                slots = np.split(target, np.cumsum([len(part) for part in parts])[:-1])

                def decode():
                    for chunk, slot in zip(chunks, slots):
                        standalone.simple_decompress_into(chunk, slot)

                seconds = fastest(decode)
                assert target.tobytes() == typed.tobytes()
                report("pcodec", column, "decode", len(values) / seconds, variant)


def vortex_run(folder):
    import pyarrow
    import vortex

    vortex.set_worker_threads(1)
    for column, values, _ in timed_and_judged(folder):
        plain = vortex.array(pyarrow.array(values))
        packed = vortex.compress(plain)
        # Not always ALP: the sampler may prefer a dictionary, and the table says which it was.
        variant = type(packed).__name__.removesuffix("Array")
        report("vortex", column, "bits", packed.nbytes * 8 / len(values), variant)
        if not is_timed(values):
            continue
        seconds = fastest(lambda: vortex.compress(plain))
        report("vortex", column, "encode", len(values) / seconds, variant)
        seconds = fastest(lambda: packed.to_arrow_array(), most=15)
        back = packed.to_arrow_array().to_numpy(zero_copy_only=False)
        assert back.tobytes() == values.tobytes()
        report("vortex", column, "decode", len(values) / seconds, variant)


def parquet_size(table, **options):
    """Bytes of the columns' chunks, without the footer."""
    import pyarrow.parquet

    sink = io.BytesIO()
    pyarrow.parquet.write_table(
        table, sink, compression="zstd", compression_level=3, **options
    )
    sink.seek(0)
    groups = pyarrow.parquet.ParquetFile(sink).metadata
    return sum(
        groups.row_group(group).column(0).total_compressed_size
        for group in range(groups.num_row_groups)
    )


# Of whole numbers and times; doubles have no DELTA.
PARQUET = {
    "dictionary": {"use_dictionary": True},
    "plain": {"use_dictionary": False},
    "BYTE_STREAM_SPLIT": {"use_dictionary": False, "column_encoding": {"v": "BYTE_STREAM_SPLIT"}},
    "DELTA": {"use_dictionary": False, "column_encoding": {"v": "DELTA_BINARY_PACKED"}},
}


def parquet_run(folder):
    import pyarrow

    for column, values, _ in judged(folder):
        for kind, typed in kinds(column, values):
            for name, options in PARQUET.items():
                if name == "DELTA" and kind == "double":
                    continue
                size = parquet_size(pyarrow.table({"v": typed}), **options)
                report("parquet", column, "bits", size * 8 / len(values), f"{name} {kind}")


def parquet_folder(folder):
    """All four tables as files, each column in the encoding that was least by itself."""
    import pyarrow.parquet

    total = 0
    for table, (_, _, _, fields) in TABLES.items():
        rows = pyarrow.parquet.read_table(f"{folder}/rows/{table}.parquet")
        rows = rows.set_column(1, "ts", rows["ts"].cast("timestamp[ms]"))
        best, dictionaries = {}, ["key"]
        for name in ["ts", *fields]:
            column = pyarrow.table({"v": rows[name]})
            sizes = {}
            for encoding, options in PARQUET.items():
                if encoding == "DELTA" and pyarrow.types.is_floating(rows[name].type):
                    continue
                sizes[encoding] = parquet_size(column, **options)
            least = min(sizes, key=sizes.get)
            if least == "dictionary":
                dictionaries.append(name)
            elif least != "plain":
                best[name] = {"DELTA": "DELTA_BINARY_PACKED"}.get(least, least)
        sink = io.BytesIO()
        pyarrow.parquet.write_table(
            rows, sink, compression="zstd", compression_level=3, use_dictionary=dictionaries,
            column_encoding=best,
        )
        size = len(sink.getvalue())
        total += size
        report("parquet", table, "table", size * 8 / rows.num_rows)
    report("parquet", "all", "folder", total)


def zstd_run(folder):
    import pyarrow

    codec = pyarrow.Codec("zstd", compression_level=9)
    for column, values, parts in judged(folder):
        size = sum(len(codec.compress(part.tobytes(), asbytes=True)) for part in parts)
        report("zstd", column, "bits", size * 8 / len(values), "9")


if __name__ == "__main__":
    peer, folder = sys.argv[1:]
    package = {"pcodec": "pcodec", "vortex": "vortex-data"}.get(peer, "pyarrow")
    report(peer, "", "version", importlib.metadata.version(package))
    if peer == "parquet":
        parquet_run(folder)
        parquet_folder(folder)
    else:
        {"pcodec": pcodec_run, "vortex": vortex_run, "zstd": zstd_run}[peer](folder)
