"""Plots an inline of a survey, with the traces that are missing in grey.

    quern segy import cube.sgy --grid poststack-3d -o cube.ds
    python section.py cube.ds 1010 section.png
"""

import sys

import matplotlib

matplotlib.use("Agg")  # a file, no window
import matplotlib.pyplot as plt
import pandas
import xarray


def main(dataset, inline, picture):
    grid = xarray.open_zarr(f"{dataset}/grid.zarr")
    section = grid.amplitude.sel(inline=int(inline)).load()  # (crossline, time)
    limit = float(abs(section).quantile(0.99)) or 1

    # The trace headers of the same inline: one row per trace, in the order of the file.
    rows = grid.trace_index.sel(inline=int(inline))
    headers = pandas.read_parquet(f"{dataset}/headers.parquet")
    headers = headers.iloc[rows.values[rows.values >= 0]]

    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    axes.set_facecolor("lightgrey")
    section.plot(ax=axes, x="crossline", y="time", yincrease=False, cmap="RdBu",
                 vmin=-limit, vmax=limit)
    axes.set_title(f"inline {inline}: {len(headers)} traces, CDP {headers.cdp.min()} to "
                   f"{headers.cdp.max()}")
    axes.set_ylabel("time (ms)")
    figure.savefig(picture, dpi=120)
    print(f"{picture}: {section.sizes['crossline']} crosslines, {section.sizes['time']} samples")


if __name__ == "__main__":
    main(*sys.argv[1:])
