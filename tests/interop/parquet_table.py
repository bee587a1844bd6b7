"""Prints the table of docs/parquet.md: what we make of each file of parquet-testing.

    .venv/bin/python tests/interop/parquet_table.py
"""

from parquet_tools import CORPUS, FILES, verdict

print("| file | outcome | |\n|---|---|---|")
for name in FILES:
    outcome, detail = verdict(CORPUS / name)
    print(f"| {name} | {'same as pyarrow' if outcome == 'same' else outcome} | {detail} |")
