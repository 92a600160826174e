#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What pyarrow needs to write the table of a Parquet file from memory: one
thread, zstd level 1, dictionaries, in one row group as the file has it.

usage: pyarrow_rewrite.py FILE OUT [RUNS]

Prints the best run's CPU as bench/meter.h does.
"""
import os
import resource
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    pa.set_cpu_count(1)
    table = pq.read_table(sys.argv[1], use_threads=False).combine_chunks()
    rows = table.num_rows
    best = (1e9, 0)
    for _ in range(int(sys.argv[3]) if len(sys.argv) == 4 else 5):
        cpu, wall = time.process_time(), time.monotonic()
        pq.write_table(table, sys.argv[2], compression="zstd",
                       compression_level=1, store_decimal_as_integer=True)
        best = min(best, (time.process_time() - cpu, time.monotonic() - wall))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"pyarrow_rewrite events={rows} "
          f"bytes={os.path.getsize(sys.argv[2])} first_s=0.000 "
          f"wall_s={best[1]:.3f} cpu_s={best[0]:.3f} "
          f"cpu_per_million={best[0] * 1e6 / rows:.3f} "
          f"events_per_s={rows / best[1]:.0f} peak_mib={peak:.1f}")


main()
