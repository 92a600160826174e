/* SPDX-License-Identifier: MIT
 *
 * The log: one line an event, as text or JSON, on standard error.
 */
#include <time.h>

#include "base/buf.h"
#include "run/run.h"

int
weir__log_init(struct weir__log *lg, bool json, bool quiet)
{
	lg->to = stderr;
	lg->json = json;
	lg->quiet = quiet;
	lg->drawn = 0;
	return pthread_mutex_init(&lg->lock, NULL) == 0 ? 0 : -1;
}

void
weir__log_fini(struct weir__log *lg)
{
	pthread_mutex_destroy(&lg->lock);
}

/* Nothing that a message holds may end its line or move a cursor. */
static void
escaped(struct weir__buf *bf, const char *s, bool json)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n' && !json)
			weir__buf_str(bf, "; ");
		else if (c < 0x20 || c == 0x7f)
			weir__buf_printf(bf, "\\u%04x", c);
		else if (json && (c == '"' || c == '\\'))
			weir__buf_printf(bf, "\\%c", c);
		else
			weir__buf_chr(bf, (char)c);
	}
}

void
weir__vlog(struct weir__log *lg, enum weir_log_level level, const char *stage,
    const char *fmt, va_list ap)
{
	static const char *const names[] = { "error", "warning", "info",
		"debug" };
	char text[1024], when[40];
	struct weir__buf bf;
	struct timespec ts;
	struct tm tm;

	if (level == WEIR_LOG_DEBUG ||
	    (lg->quiet && level > WEIR_LOG_WARN))
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	weir__buf_init(&bf);
	if (lg->json) {
		weir__buf_printf(&bf,
		    "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\"", when,
		    ts.tv_nsec / 1000000, names[level]);
		if (stage != NULL && stage[0] != '\0') {
			weir__buf_str(&bf, ",\"stage\":\"");
			escaped(&bf, stage, true);
			weir__buf_chr(&bf, '"');
		}
		weir__buf_str(&bf, ",\"text\":\"");
		escaped(&bf, text, true);
		weir__buf_str(&bf, "\"}\n");
	} else {
		weir__buf_printf(&bf, "%s.%03ldZ %s: ", when,
		    ts.tv_nsec / 1000000, names[level]);
		if (stage != NULL && stage[0] != '\0') {
			escaped(&bf, stage, false);
			weir__buf_str(&bf, ": ");
		}
		escaped(&bf, text, false);
		weir__buf_chr(&bf, '\n');
	}
	pthread_mutex_lock(&lg->lock);
	if (lg->drawn != 0)
		fprintf(lg->to, "\033[%dA\033[J", lg->drawn);
	lg->drawn = 0;
	if (!bf.failed)
		fwrite(bf.data, 1, bf.len, lg->to);
	fflush(lg->to);
	pthread_mutex_unlock(&lg->lock);
	weir__buf_fini(&bf);
}

void
weir__log_draw(struct weir__log *lg, struct weir__buf *bf, int lines)
{
	if (bf->failed)
		return;
	pthread_mutex_lock(&lg->lock);
	if (lg->drawn != 0)
		fprintf(lg->to, "\033[%dA", lg->drawn);
	fwrite(bf->data, 1, bf->len, lg->to);
	fflush(lg->to);
	lg->drawn = lines;
	pthread_mutex_unlock(&lg->lock);
}

void
weir__log(struct weir__log *lg, enum weir_log_level level, const char *stage,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	weir__vlog(lg, level, stage, fmt, ap);
	va_end(ap);
}
