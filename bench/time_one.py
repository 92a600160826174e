#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a command; say what it cost, in the line that bench/meter.h prints.

usage: time_one.py NAME EVENTS COMMAND...
"""
import os
import sys
import time

name, events = sys.argv[1], int(sys.argv[2])
start = time.monotonic()
pid = os.fork()
if pid == 0:
    os.dup2(2, 1)
    os.execvp(sys.argv[3], sys.argv[3:])
_, status, used = os.wait4(pid, 0)
wall = time.monotonic() - start
cpu = used.ru_utime + used.ru_stime
print(f"{name} events={events} bytes=0 first_s=0.000 wall_s={wall:.3f} "
      f"cpu_s={cpu:.3f} cpu_per_million={cpu * 1e6 / events:.3f} "
      f"events_per_s={events / wall:.0f} peak_mib={used.ru_maxrss / 1024:.1f}")
sys.exit(os.waitstatus_to_exitcode(status))
