/* SPDX-License-Identifier: MIT
 *
 * Errors as they are printed.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "t.h"

struct text {
	struct weir__errors es;
	struct weir__buf bf;
	uint32_t src;
};

static void
init(struct text *tx, const char *s)
{
	weir__errors_init(&tx->es);
	weir__buf_init(&tx->bf);
	tx->src = weir__errors_source(&tx->es, "x.weir", s, strlen(s));
}

static struct weir_span
at(const struct text *tx, uint32_t from, uint32_t to)
{
	return (struct weir_span){ tx->src, from, to };
}

static void
is(struct text *tx, const char *want)
{
	weir__buf_clear(&tx->bf);
	weir__errors_print(&tx->es, &tx->bf, false);
	T_STR(weir__buf_cstr(&tx->bf), want);
	weir__buf_fini(&tx->bf);
	weir__errors_fini(&tx->es);
}

static void
carets(void)
{
	struct text tx;

	init(&tx, "one\ntwo three\nfour");
	weir__errors_fail(&tx.es, at(&tx, 8, 13), "a.b", "no \"%s\"", "three");
	is(&tx, "x.weir:2:5: error: no \"three\" [a.b]\n"
		"   2 | two three\n     |     ^~~~~\n");

	init(&tx, "\ta\tbc");
	weir__errors_fail(&tx.es, at(&tx, 3, 5), "", "tabs");
	is(&tx, "x.weir:1:4: error: tabs\n"
		"   1 |         a       bc\n     |                 ^~\n");

	init(&tx, "\xe6\x97\xa5\xe6\x9c\xac \xc3\xa9 x");
	weir__errors_fail(&tx.es, at(&tx, 10, 11), "", "wide");
	is(&tx, "x.weir:1:6: error: wide\n"
		"   1 | \xe6\x97\xa5\xe6\x9c\xac \xc3\xa9 x\n"
		"     |        ^\n");

	init(&tx, "a\x1b[31mb\xff");
	weir__errors_fail(&tx.es, at(&tx, 6, 7), "", "bad \x1b[1m text");
	is(&tx, "x.weir:1:7: error: bad ?[1m text\n"
		"   1 | a\xef\xbf\xbd[31mb\xef\xbf\xbd\n     |       ^\n");

	init(&tx, "first {\n  second\n}");
	weir__errors_fail(&tx.es, at(&tx, 6, 18), "", "several lines");
	is(&tx, "x.weir:1:7: error: several lines\n"
		"   1 | first {\n     |       ^\n");

	init(&tx, "the end\r\n");
	weir__errors_fail(&tx.es, at(&tx, 9, 9), "", "after it");
	weir__errors_fail(&tx.es, at(&tx, 7, 7), "", "at it");
	weir__errors_fail(&tx.es, at(&tx, 900, 901), "", "far beyond");
	is(&tx, "x.weir:1:8: error: at it\n"
		"   1 | the end\n     |        ^\n"
		"x.weir:2:1: error: after it\n   2 | \n     | ^\n"
		"x.weir:2:1: error: far beyond\n   2 | \n     | ^\n");
}

static void
places(void)
{
	struct text tx;
	struct weir_err *err;

	init(&tx, "a = b\na = c\n");
	weir__errors_fail(&tx.es, at(&tx, 6, 7), "name.twice", "twice");
	err = weir__errors_last(&tx.es);
	err->span2 = at(&tx, 0, 1);
	snprintf(err->text2, sizeof err->text2, "the first is here");
	snprintf(err->hint, sizeof err->hint, "rename one");
	is(&tx, "x.weir:2:1: error: twice [name.twice]\n"
		"   2 | a = c\n     | ^ rename one\n"
		"x.weir:1:1: note: the first is here\n"
		"   1 | a = b\n     | ^\n");

	init(&tx, "a");
	weir__errors_fail(&tx.es, WEIR_NOWHERE, "file.open", "nowhere");
	snprintf(weir__errors_last(&tx.es)->stage, 48, "raw/kafka.read");
	weir__errors_fail(&tx.es, (struct weir_span){ 9, 0, 0 }, "", "no 9");
	is(&tx, "error: raw/kafka.read: nowhere [file.open]\n"
		"error: no 9\n");
}

static void
list(void)
{
	struct text tx;
	struct weir_err err;
	char big[2000];
	unsigned i;

	/* In the order of the file; the same one once. */
	init(&tx, "abc");
	weir__errors_fail(&tx.es, at(&tx, 2, 3), "", "c");
	weir__errors_fail(&tx.es, at(&tx, 0, 1), "", "a");
	weir__errors_fail(&tx.es, at(&tx, 2, 3), "", "c");
	T_INT(tx.es.n, 2);
	T_STR(weir__errors_last(&tx.es)->text, "c");
	is(&tx, "x.weir:1:1: error: a\n   1 | abc\n     | ^\n"
		"x.weir:1:3: error: c\n   1 | abc\n     |   ^\n");

	/* Not without end. */
	init(&tx, "abc");
	for (i = 0; i < 3000; i++)
		weir__errors_fail(&tx.es, at(&tx, 0, 1), "", "number %u", i);
	T_INT(tx.es.n, 1000);
	T_STR(weir__errors_last(&tx.es)->text, "number 2999");
	weir__errors_print(&tx.es, &tx.bf, true);
	T(strstr(weir__buf_cstr(&tx.bf), "only the first 1000") != NULL);
	weir__buf_fini(&tx.bf);
	weir__errors_fini(&tx.es);

	/* A long text is cut between characters. */
	memset(big, 'x', sizeof big);
	memcpy(big + 509, "\xc3\xa9\xc3\xa9", 4);
	big[600] = '\0';
	T_INT(weir_fail(&err, WEIR_NOWHERE, "a.b", "x%s", big), WEIR_ERROR);
	T_INT(strlen(err.text), 510);
	T_INT(weir_fail(NULL, WEIR_NOWHERE, "a.b", "x"), WEIR_ERROR);
}

static void
memory(void)
{
	struct weir__errors es;
	struct weir__buf bf;
	unsigned i;

	for (i = 1; i < 20; i++) {
		weir__errors_init(&es);
		weir__buf_init(&bf);
		weir__alloc_fail_at(i, 1);
		weir__errors_source(&es, "x", "abc", 3);
		weir__errors_fail(&es, (struct weir_span){ 1, 0, 1 }, "", "a");
		weir__errors_fail(&es, WEIR_NOWHERE, "", "b");
		weir__errors_last(&es)->hint[0] = 'h';
		weir__errors_print(&es, &bf, false);
		T(es.n == 2 || es.out_of_memory);
		weir__alloc_fail_at(0, 0);
		weir__buf_fini(&bf);
		weir__errors_fini(&es);
	}
}

int
main(void)
{
	carets();
	places();
	list();
	memory();
	return t_done();
}
