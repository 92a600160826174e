/* SPDX-License-Identifier: MIT */
/*
 * What a benchmark says of itself: wall and CPU seconds of the whole process,
 * all threads included, and its peak memory.
 */
#ifndef WEIR_BENCH_METER_H
#define WEIR_BENCH_METER_H

#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static inline double
meter_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static inline double
meter_cpu(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

/* One line, `name=value` pairs, for people and for bench/run.sh. */
static inline void
meter_print(const char *what, uint64_t events, uint64_t bytes, double first,
    double wall, double cpu)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	printf("%s events=%llu bytes=%llu first_s=%.3f wall_s=%.3f "
	    "cpu_s=%.3f cpu_per_million=%.3f events_per_s=%.0f "
	    "peak_mib=%.1f\n", what, (unsigned long long)events,
	    (unsigned long long)bytes, first, wall, cpu,
	    events > 0 ? cpu * 1e6 / (double)events : 0,
	    wall > 0 ? (double)events / wall : 0,
	    (double)ru.ru_maxrss / 1024);
}

#endif
