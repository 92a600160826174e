#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugins that are wrong are refused with one sentence, exit code 3, no crash;
and the plugin of weir-plugin(3) builds against the headers and runs.

usage: tests/plugins.py WEIR INCLUDE_DIR
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
tests = bad = 0

GOOD = r"""
#include <weir/plugin.h>
struct config { struct weir_config head; int64_t n; };
static int bind(struct weir_bind *bi, void *cf, struct weir_err *err)
{ (void)cf; (void)err; return weir_out_pass_all(bi, 0, 0); }
static int process(struct weir_stage *st, uint32_t in, struct weir_batch *b,
    struct weir_err *err)
{ (void)in; return weir_emit(st, 0, weir_batch_ref(st, b), err); }
static const struct weir_option o_n = { .size = sizeof o_n, .name = "n",
    .type = WEIR_OPT_INT, .offset = offsetof(struct config, n), .def = "1",
    .help = "A number." };
static const struct weir_option *const options[] = { &o_n, NULL };
static const struct weir_stage_type pass = { .size = sizeof pass,
    .verb = "pass", .summary = "pass all", .role = WEIR_TRANSFORM,
    .options = options, .config_size = sizeof(struct config), .bind = bind,
    .process = process };
static const struct weir_stage_type *const stages[] = { &pass, NULL };
const struct weir_plugin weir_plugin = { WEIR_PLUGIN_HEAD, .name = "odd",
    .version = "1", .summary = "odd", .stages = stages };
"""

# A plugin of a function alone, and files that only call it.
FUNCTION = r"""
#include <weir/plugin.h>
static void twice(struct weir_call *ca)
{ for (uint32_t i = 0; i < ca->nrows; i++)
    ca->out->u.i64[i] = 2 * ca->args[0]->u.i64[i]; }
static const char *const signatures[] = { "int64 -> int64", NULL };
static const struct weir_function f_twice = { .size = sizeof f_twice,
    .name = "twice", .signatures = signatures, .flags = WEIR_FN_PURE,
    .summary = "Twice as much.", .eval = twice };
static const struct weir_function *const functions[] = { &f_twice, NULL };
const struct weir_plugin weir_plugin = { WEIR_PLUGIN_HEAD, .name = "odd",
    .version = "1", .summary = "odd", .functions = functions };
"""

# What is changed in GOOD, and what must be in the refusal.
CASES = [
    ("magic", [(r"WEIR_PLUGIN_HEAD", r"WEIR_PLUGIN_HEAD, .magic = 7")],
     "magic number is 00000007, not"),
    ("major ABI", [(r"WEIR_PLUGIN_HEAD", r"WEIR_PLUGIN_HEAD, .abi_major = 9")],
     "built for ABI 9 and this weir has 1"),
    ("minor ABI", [(r"WEIR_PLUGIN_HEAD", r"WEIR_PLUGIN_HEAD, .abi_minor = 99")],
     "needs ABI 1.99 and this weir has 1."),
    ("descriptor's size", [(r"WEIR_PLUGIN_HEAD", r"WEIR_PLUGIN_HEAD, .size = 8")],
     "descriptor has 8 bytes"),
    ("name", [(r'\.name = "odd"', '.name = "even"')], 'calls itself "even"'),
    ("no name", [(r'\.name = "odd",', "")], 'calls itself ""'),
    ("no version", [(r'\.version = "1",', "")], "no version or no summary"),
    ("no symbol", [(r"weir_plugin =", "weir_plugin_ =")],
     "exports no symbol weir_plugin"),
    ("stage's size", [(r"\.size = sizeof pass,", ".size = 3,")],
     "a stage type has 3 bytes"),
    ("no verb", [(r'\.verb = "pass",', "")], "no proper verb"),
    ("verb", [(r'\.verb = "pass"', '.verb = "Pa ss"')], "no proper verb"),
    ("no summary", [(r'\.summary = "pass all",', "")], "has no summary"),
    ("role", [(r"\.role = WEIR_TRANSFORM", ".role = 9")], "role 9"),
    ("no bind", [(r"\.bind = bind,", "")], "lacks bind"),
    ("source without operations", [(r"WEIR_TRANSFORM", "WEIR_SOURCE")],
     "lacks the source's operations"),
    ("sink without operations", [(r"WEIR_TRANSFORM", "WEIR_SINK")],
     "lacks the sink's operations"),
    ("config", [(r"\.config_size = sizeof\(struct config\)", ".config_size = 2")],
     "config of 2 bytes"),
    ("option beyond the config",
     [(r"offsetof\(struct config, n\)", "4000")], "lies at byte 4000"),
    ("option's size", [(r"\.size = sizeof o_n", ".size = 4")],
     "says that it has 4 bytes"),
    ("option without name", [(r'\.name = "n",', "")], "no proper name"),
    ("option without help", [(r'\.help = "A number."', "")], "no help text"),
    ("enum without choices", [(r"WEIR_OPT_INT,", "WEIR_OPT_ENUM,")],
     "enum without choices"),
    ("record without fields", [(r"WEIR_OPT_INT,", "WEIR_OPT_RECORD,")],
     "record without fields"),
    ("option twice", [(r"\{ &o_n, NULL \}", "{ &o_n, &o_n, NULL }")],
     "is there twice"),
    ("stage twice", [(r"\{ &pass, NULL \}", "{ &pass, &pass, NULL }")],
     "is there twice"),
    ("default that can't be read", [(r'\.def = "1"', '.def = "1 +"')],
     "expected"),
    ("unresolved symbol",
     [(r"\{ \(void\)cf;", "{ extern int not_there(void); not_there(); (void)cf;")],
     "not_there"),
]


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}")
    for line in [] if cond else why.splitlines()[-25:]:
        print("# " + line)


def compile_(include, source, to):
    p = subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-shared",
                        "-fPIC", "-Wno-override-init", "-w", "-I" + include,
                        "-o", to, source],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode == 0, p.stdout.decode()


def weir(*args):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, timeout=60)
    return p.returncode, p.stdout.decode(errors="replace")


def variants(program, include, work):
    with open("odd.weir", "w", encoding="utf-8") as f:
        f.write("generate.sequence(to: 3) -> odd.pass() -> show()\n")
    code, text = weir(program, "check", "odd.weir", "--plugin-dir", work)
    ok(code == 3 and 'no plugin "odd"' in text, "a plugin that is not there",
       text)
    for name, changes, want in [("nothing wrong", [], "fine")] + CASES:
        source = GOOD
        for old, new in changes:
            source, n = re.subn(old, lambda m: new, source)
            assert n, old
        with open("odd.c", "w", encoding="utf-8") as f:
            f.write(source)
        if os.path.exists("odd.so"):
            os.unlink("odd.so")
        done, log = compile_(include, "odd.c", "odd.so")
        if not done:
            ok(False, f"{name}: builds", log)
            continue
        code, text = weir(program, "check", "odd.weir", "--plugin-dir", work)
        ok(code == (0 if want == "fine" else 3) and want in text and
           text.count("error:") <= 1, f"{name} is answered", text)
    for name, data in (("an empty file", b""), ("a text file", b"hello\n"),
                       ("half a plugin", open("odd.so", "rb").read()[:900])):
        with open("odd.so", "wb") as f:
            f.write(data)
        code, text = weir(program, "check", "odd.weir", "--plugin-dir", work)
        ok(code == 3 and "can't be loaded" in text, f"{name} is refused", text)
        code, text = weir(program, "inspect", "--plugin-dir", work)
        ok(code == 0, f"{name}: inspect lists the others", text)


def functions(program, include, work):
    with open("odd.c", "w", encoding="utf-8") as f:
        f.write(FUNCTION)
    done, log = compile_(include, "odd.c", "odd.so")
    ok(done, "a plugin of functions builds", log)
    for what, text, code, want in (
            ("called by its full name", "generate.sequence(to: 3) -> "
             "where(odd.twice(n) == 4) -> select { two: twice(n) } -> show()",
             0, "two\n  4\n"),
            ("in a param", "param x: int = odd.twice(21)\n"
             "generate.sequence(to: 1) -> select { x: x } -> show()",
             0, " x\n42\n"),
            ("in a template", "generate.sequence(to: 1) -> "
             "select { x: \"${odd.twice(n)}!\" } -> show()", 0, "x\n2!\n"),
            ("not named", "generate.sequence(to: 3) -> where(twice(n) == 4) "
             "-> show()", 3, 'no function "twice"'),
            ("not there", "generate.sequence(to: 3) -> where(od.twice(n) == 4)"
             " -> show()", 3, 'there is no plugin "od"'),
            ("without that function", "generate.sequence(to: 3) -> "
             "where(odd.thrice(n) == 4) -> show()", 3,
             'no function "odd.thrice"')):
        with open("call.weir", "w", encoding="utf-8") as f:
            f.write(text + "\n")
        shutil.rmtree(".weir", ignore_errors=True)
        rc, out = weir(program, "run", "--quiet", "call.weir", "--plugin-dir",
                       work)
        ok(rc == code and want in out and out.count("error:") == (code != 0),
           f"a plugin only for its functions: {what}", out)
    with open("odd.so", "wb") as f:
        f.write(b"hello")
    rc, out = weir(program, "check", "call.weir", "--plugin-dir", work)
    ok(rc == 3 and "can't be loaded" in out and out.count("error:") == 1,
       "a plugin of functions that is broken", out)


def manual(program, include, work):
    """The page's plugin is the file's, builds without warnings, and runs."""
    source = os.path.join(TOP, "examples", "plugins", "mask", "mask.c")
    with open(source, encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(TOP, "man", "weir-plugin.3"), encoding="utf-8") as f:
        page = f.read()
    shown = page.split(".Bd -literal\n", 1)[1].split(".Ed\n", 1)[0]
    shown = shown.replace("\\e", "\\").replace("\\&", "")
    ok(shown.strip() == text.strip(), "weir-plugin(3) shows the file that is "
       "built")
    p = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall",
                        "-Wextra", "-Werror", "-shared", "-fPIC", "-I" + include,
                        "-o", "mask.so", source],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ok(p.returncode == 0, "it builds without warnings", p.stdout.decode())
    example = os.path.join(TOP, "examples", "plugins", "mask", "example.weir")
    shutil.copy(example, "example.weir")
    code, out = weir(program, "run", "--quiet", "example.weir",
                     "--plugin-dir", work)
    ok(code == 0 and out.count("***************900") == 5 or
       out.count("***************") == 5, "its example runs", out)


def main():
    program, include = map(os.path.abspath, sys.argv[1:3])
    work = tempfile.mkdtemp(prefix="weir-plugins-")
    os.chdir(work)
    try:
        variants(program, include, work)
        functions(program, include, work)
        manual(program, include, work)
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{tests}")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
