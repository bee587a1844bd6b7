"""An import as it is usually written in Python: segyio reads, zarr writes chunks of 256 traces,
pyarrow writes 20 header columns. `segyio_zarr.py FILE FOLDER PROCESSES none|blosc-lz4`"""

import concurrent.futures
import pathlib
import sys

import numpy
import pyarrow
import pyarrow.parquet
import segyio
import zarr

CHUNK = 256
FIELDS = [1, 5, 9, 13, 17, 21, 25, 29, 37, 71, 73, 77, 81, 85, 115, 117, 181, 185, 189, 193]


def convert(arguments):
    path, folder, first, last = arguments
    array = zarr.open_array(folder / "amplitude", mode="r+")
    columns = {str(field): [] for field in FIELDS}
    with segyio.open(path, ignore_geometry=True) as file:
        file.mmap()
        for start in range(first, last, CHUNK):
            end = min(start + CHUNK, last)
            array[start:end] = file.trace.raw[start:end]
            for field in FIELDS:
                columns[str(field)].append(file.attributes(field)[start:end])
    table = pyarrow.table({name: numpy.concatenate(parts) for name, parts in columns.items()})
    pyarrow.parquet.write_table(table, folder / f"headers-{first}.parquet", compression="zstd")


def main(path, folder, processes, codec):
    folder.mkdir(parents=True)
    with segyio.open(path, ignore_geometry=True) as file:
        traces, samples = file.tracecount, len(file.samples)
    codecs = {
        "none": None,
        "zstd": zarr.codecs.ZstdCodec(level=1),
        "blosc-lz4": zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=4),
    }
    zarr.create_array(
        folder / "amplitude", shape=(traces, samples), chunks=(CHUNK, samples), dtype="f4",
        compressors=codecs[codec],
    )
    share = -(-traces // (CHUNK * processes)) * CHUNK
    jobs = [(path, folder, i, min(i + share, traces)) for i in range(0, traces, share)]
    if processes == 1:
        convert(jobs[0])
    else:
        with concurrent.futures.ProcessPoolExecutor(processes) as pool:
            list(pool.map(convert, jobs))


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
