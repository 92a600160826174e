/* SPDX-License-Identifier: MIT
 *
 * The binding half of the host table (see weir/host.h for the contracts).
 */
#ifndef WEIR_PLAN_HOST_BIND_H
#define WEIR_PLAN_HOST_BIND_H

#include "weir/plugin.h"

uint32_t weir__bind_inputs(struct weir_bind *bi);
const struct weir_schema *weir__bind_input(struct weir_bind *bi, uint32_t i);
uint32_t weir__bind_stream_input(const struct weir_stream *sm);
const char *weir__bind_stream_alias(const struct weir_stream *sm);
void *weir__bind_plan_alloc(struct weir_bind *bi, size_t n);
const struct weir_type *weir__bind_make_type(struct weir_bind *bi,
    enum weir_kind kind, int precision, int scale,
    const struct weir_field *fields, uint32_t nfields);
struct weir_span weir__bind_option_span(struct weir_bind *bi, const char *name);
int weir__bind_option_fail(struct weir_bind *bi, const char *name,
    struct weir_err *err, const char *code, const char *fmt, ...)
    WEIR_PRINTF(5, 6);
const char *weir__bind_local_path(struct weir_bind *bi, struct weir_str path);
int weir__bind_out_field(struct weir_bind *bi, uint32_t port,
    const struct weir_field *fi);
int weir__bind_out_pass(struct weir_bind *bi, uint32_t port, uint32_t input,
    uint32_t col, const char *name);
int weir__bind_out_expr(struct weir_bind *bi, const char *name,
    const struct weir_expr *ex);
int weir__bind_out_filter(struct weir_bind *bi, const struct weir_expr *ex);
int weir__bind_out_changes(struct weir_bind *bi, uint32_t port,
    const uint32_t *keys, uint32_t nkeys);
int weir__bind_out_event_time(struct weir_bind *bi, uint32_t port, uint32_t col);
int weir__bind_out_event_end(struct weir_bind *bi, uint32_t port, uint32_t col);
int weir__bind_reads(struct weir_bind *bi, uint32_t input, uint32_t col);
int weir__bind_reads_all(struct weir_bind *bi, uint32_t input);
int weir__bind_watermark(struct weir_bind *bi, uint32_t col, int64_t delay,
    int64_t idle, int64_t max_ahead);
void weir__bind_sink_spool(struct weir_bind *bi);
const struct weir_table *weir__bind_table(struct weir_bind *bi,
    const struct weir_table_spec *spec);

#endif
