#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""State that another version of a plugin has kept is carried over, or refused:
a plugin of three versions, killed at each step of going from one to the next.

usage: tests/migrate.py WEIR INCLUDE_DIR
"""
import os
import shutil
import subprocess
import sys
import tempfile

tests = bad = 0

# How often a key was seen; version 2 keeps the sum besides and says both,
# version 3 knows nothing of the others.
PLUGIN = r"""
#include <string.h>
#include <weir/plugin.h>
#ifndef VERSION
#define VERSION 1
#endif
struct config { struct weir_config head; const struct weir_expr *by;
    const struct weir_table *table; uint32_t col; };
struct slot1 { int32_t n; int32_t unused; };
struct slot2 { char mark[3]; int64_t n; int64_t same; };
#if VERSION == 1
#define SLOT slot1
#else
#define SLOT slot2
#endif
#if VERSION == 2
static int migrate(uint32_t version, const void *old, size_t size, void *slot)
{
	const struct slot1 *was = old;
	struct slot2 *is = slot;

	if (version != 1 || size != sizeof(struct slot1))
		return WEIR_ERROR;
	if (old == NULL)
		return WEIR_OK;
	if (was->n == REFUSE)
		return WEIR_ERROR;
	is->n = is->same = was->n;
	memcpy(is->mark, "abc", 3);
	return WEIR_OK;
}
#endif
static int
bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct config *cf = config;
	const struct weir_type *ty = WEIR_BIND_HOST(bi)->expr_type(cf->by);
	struct weir_table_spec spec = { .size = sizeof spec, .name = "seen",
		.nkeys = 1, .keys = &ty, .slot_size = sizeof(struct SLOT),
		.slot_align = _Alignof(struct SLOT), .version = VERSION };
	struct weir_field fi = { .name = "nth", .required = true,
		.type = weir_make_type(bi, WEIR_INT64, 0, 0, NULL, 0) };

#if VERSION == 2
	spec.migrate = migrate;
#endif
	(void)err;
	cf->table = weir_table(bi, &spec);
	cf->col = weir_input(bi, 0)->ncols;
	return cf->table == NULL || weir_out_pass_all(bi, 0, 0) != WEIR_OK ?
	    WEIR_ERROR : weir_out_field(bi, 0, &fi);
}
static int
process(struct weir_stage *st, uint32_t in, struct weir_batch *b,
    struct weir_err *err)
{
	const struct config *cf = st->config;
	const struct weir_column *key = weir_column_of(st, cf->by);
	static _Thread_local void *slots[WEIR_BATCH_ROWS];
	static _Thread_local uint32_t rows[WEIR_BATCH_ROWS];
	struct weir_batch *out;
	uint32_t i;

	(void)in;
	for (i = 0; i < b->nrows; i++)
		rows[i] = i;
	if (weir_lookup(st, cf->table, &key, rows, b->nrows, NULL, slots,
	    NULL) != WEIR_OK)
		return WEIR_ERROR;
	out = weir_batch_derive(st, 0, b, rows, b->nrows);
	if (out == NULL)
		return WEIR_ERROR;
	for (i = 0; i < b->nrows; i++) {
		struct SLOT *s = slots[i];

		s->n++;
#if VERSION == 2
		if (s->n > 1 && s->same + 1 != s->n)
			return st->host->fail(err, WEIR_NOWHERE, "counts.odd",
			    "a slot that is damaged");
		s->same = s->n;
#endif
		if (weir_present(&out->cols[cf->col]))
			out->cols[cf->col].u.i64[i] = s->n;
	}
	return weir_emit(st, 0, out, err);
}
static const struct weir_option o_by = { .size = sizeof o_by, .name = "by",
    .type = WEIR_OPT_EXPR, .offset = offsetof(struct config, by),
    .flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_STATE,
    .help = "The key." };
static const struct weir_option *const options[] = { &o_by, NULL };
static const struct weir_stage_type seen = { .size = sizeof seen,
    .verb = "seen", .summary = "count keys", .role = WEIR_TRANSFORM,
    .state_version = 1, .options = options,
    .config_size = sizeof(struct config), .bind = bind, .process = process };
static const struct weir_stage_type *const stages[] = { &seen, NULL };
const struct weir_plugin weir_plugin = { WEIR_PLUGIN_HEAD, .name = "counts",
    .version = TEXT, .summary = "counts", .stages = stages };
"""

PIPELINE = """settings { epoch: { every: 1h, rows: 5 } }
schema row { k: TYPE, n: int64! }
csv.read("in.csv", row) -> counts.seen(k) -> csv.write("out")
"""

ROWS = 40
KEYS = 3


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}")
    for line in [] if cond else why.splitlines()[-25:]:
        print("# " + line)


def build(include, version, refuse=-1):
    p = subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-shared",
                        "-fPIC", "-w", "-I" + include, f"-DVERSION={version}",
                        f'-DTEXT="{version}.0"', f"-DREFUSE={refuse}",
                        "-o", "counts.so", "counts.c"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode != 0:
        sys.exit(p.stdout.decode())


def pipeline(ty):
    with open("x.weir", "w", encoding="utf-8") as f:
        f.write(PIPELINE.replace("TYPE", ty))


def weir(program, *args, fault=None):
    env = dict(os.environ)
    if fault:
        env["WEIR_FAULT"] = fault
    p = subprocess.run([program, *args, "--plugin-dir", os.getcwd()], env=env,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, timeout=60)
    return p.returncode, p.stdout.decode(errors="replace")


def rows():
    got = []
    for name in os.listdir("out") if os.path.isdir("out") else []:
        if name.endswith(".csv"):
            with open("out/" + name, encoding="utf-8") as f:
                got += f.read().split()[1:]
    return sorted(got)


def wanted(value):
    return sorted(f"{value(i)},{i},{i // KEYS + 1}" for i in range(ROWS))


def begin(value):
    shutil.rmtree(".weir", ignore_errors=True)
    shutil.rmtree("out", ignore_errors=True)
    with open("in.csv", "w", encoding="utf-8") as f:
        f.write("k,n\n")
        for i in range(ROWS):
            f.write(f"{value(i)},{i}\n")


def versions(program, include, old, new, value):
    """Version 1 of the plugin with keys of the type `old`, then version 2 of
    it with keys of the type `new`."""
    what = f"{old} to {new}"
    begin(value)
    build(include, 1)
    pipeline(old)
    code, text = weir(program, "run", "x.weir", fault="journal.append.sync=kill@4")
    ok(code == -9, f"{what}: version 1 is killed", text)
    pipeline(new)
    build(include, 3)
    code, text = weir(program, "run", "x.weir")
    ok(code == 1 and "state.plan" in text and "version 1" in text and
       "version 3" in text, f"{what}: a version that does not know it is "
       "refused", text)
    code, text = weir(program, "plan", "x.weir")
    ok(code == 1 and "changed  csv.read/counts.seen" in text.replace(
        "changed  counts.seen", "changed  csv.read/counts.seen"),
       f"{what}: weir plan says so", text)
    build(include, 2, refuse=2)
    code, text = weir(program, "run", "x.weir")
    ok(code == 1 and "state.layout" in text, f"{what}: a slot that the plugin "
       "refuses", text)
    build(include, 2)
    code, text = weir(program, "plan", "x.weir")
    ok(code == 0 and "migrated " in text and "note     plugin counts 2.0 (ABI "
       "1.0) is another build" in text, f"{what}: weir plan of version 2",
       text)
    code, text = weir(program, "state", "export", "x.weir")
    ok(code == 0 and text.count('"key"') == KEYS, f"{what}: weir state export "
       "by version 2", text)
    # what comes before the first decision can be taken back
    code, text = weir(program, "run", "x.weir",
                      fault="journal.append.write=kill@2")
    ok(code == -9 and "is carried over" in text, f"{what}: version 2 is killed "
       "before it decides", text)
    if old == new:
        build(include, 1)
        code, text = weir(program, "run", "x.weir",
                          fault="journal.append.write=kill@2")
        ok(code == -9, f"{what}: back to version 1", text)
        build(include, 2)
    code, text = weir(program, "run", "x.weir", fault="journal.append.done=kill@2")
    ok(code == -9, f"{what}: version 2 is killed behind its first decision",
       text)
    build(include, 1)
    pipeline(old)
    code, text = weir(program, "run", "x.weir")
    ok(code == 1 and "state.plan" in text, f"{what}: then version 1 is refused",
       text)
    build(include, 2)
    pipeline(new)
    code, text = weir(program, "run", "x.weir", fault="journal.append.sync=kill@3")
    ok(code == -9, f"{what}: records of both are read", text)
    code, text = weir(program, "run", "x.weir")
    ok(code == 0 and rows() == wanted(value), f"{what}: every count is right",
       text + "\n".join(rows()))
    code, text = weir(program, "audit", "x.weir")
    ok(code == 0 and "proved:" in text, f"{what}: it is proved", text)


def narrower(program, include):
    """What can't be carried over."""
    for old, new, value in (("int64", "int32", lambda i: i % KEYS),
                            ("decimal(8, 2)", "decimal(9, 3)",
                             lambda i: f"{i % KEYS}.25"),
                            ("decimal(20, 2)", "decimal(8, 2)",
                             lambda i: f"{i % KEYS}.25"),
                            ("string", "int32", lambda i: i % KEYS)):
        begin(value)
        build(include, 1)
        pipeline(old)
        weir(program, "run", "x.weir", fault="journal.append.sync=kill@4")
        pipeline(new)
        code, text = weir(program, "run", "x.weir")
        ok(code == 1 and "state.plan" in text, f"{old} to {new} is refused",
           text)


def main():
    program, include = map(os.path.abspath, sys.argv[1:3])
    work = tempfile.mkdtemp(prefix="weir-migrate-")
    os.chdir(work)
    try:
        with open("counts.c", "w", encoding="utf-8") as f:
            f.write(PLUGIN)
        versions(program, include, "int64", "int64", lambda i: i % KEYS)
        versions(program, include, "int32", "int64", lambda i: i % KEYS - 1)
        versions(program, include, "decimal(8, 2)", "decimal(20, 2)",
                 lambda i: f"{i % KEYS - 1}.00")
        versions(program, include, "string", "string", lambda i: f"k{i % KEYS}")
        narrower(program, include)
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{tests}")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
