/* SPDX-License-Identifier: MIT
 *
 * Which type a leaf's values have here (LogicalTypes.md).
 */
#include "kinds.h"

#include "schema.h"

static const char *
to(struct pq_field *fi, enum weir_kind kind, enum pq_convert convert,
    int64_t factor)
{
	fi->type.kind = (uint8_t)kind;
	fi->convert = convert;
	fi->factor = factor;
	return NULL;
}

/* A decimal's precision and scale; those of a LogicalType and of a
 * ConvertedType have been put in the same place. */
static const char *
decimal(struct pq_field *fi, const struct pq_node *no, int most)
{
	bool bytes = fi->phys == PQ_FIXED || fi->phys == PQ_BYTE_ARRAY;

	if (no->precision < 1 || no->scale < 0 || no->scale > no->precision)
		return "a decimal without a precision";
	if (no->precision > most)
		return most == 38 ? "a decimal of more than 38 digits"
				  : "a decimal of more digits than its storage "
				    "holds";
	fi->type.precision = (uint8_t)no->precision;
	fi->type.scale = (uint8_t)no->scale;
	if (bytes)
		return to(fi, WEIR_DECIMAL, no->precision > 18
			? PQ_TO_DECIMAL128 : PQ_TO_DECIMAL64, 0);
	return to(fi, WEIR_DECIMAL,
	    fi->phys == PQ_INT32 ? PQ_TO_I64 : PQ_TO_SAME, 0);
}

static const char *
int32_kind(struct pq_field *fi, const struct pq_node *no)
{
	if (no->logical == PQ_L_DECIMAL || no->converted == PQ_C_DECIMAL)
		return decimal(fi, no, 9);
	if (no->logical == PQ_L_DATE || no->converted == PQ_C_DATE)
		return to(fi, WEIR_DATE, PQ_TO_SAME, 0);
	if (no->logical == PQ_L_TIME || no->converted == PQ_C_TIME_MILLIS)
		return to(fi, WEIR_DURATION, PQ_TO_TIMES32, 1000);
	if ((no->logical == PQ_L_INTEGER && no->int_bits == 32 &&
		!no->int_signed) || no->converted == PQ_C_UINT_32)
		return to(fi, WEIR_INT64, PQ_TO_U64, 0);
	return to(fi, WEIR_INT32, PQ_TO_SAME, 0);
}

static const char *
int64_kind(struct pq_field *fi, const struct pq_node *no)
{
	bool stamp = no->logical == PQ_L_TIMESTAMP;
	enum weir_kind kind = stamp ? WEIR_TIMESTAMP : WEIR_DURATION;

	if (no->logical == PQ_L_DECIMAL || no->converted == PQ_C_DECIMAL)
		return decimal(fi, no, 18);
	if (stamp || no->logical == PQ_L_TIME) {
		if (no->unit == PQ_U_MILLIS)
			return to(fi, kind, PQ_TO_TIMES, 1000);
		if (no->unit == PQ_U_NANOS)
			return to(fi, kind, PQ_TO_FLOOR, 1000);
		return to(fi, kind, PQ_TO_SAME, 0);
	}
	if (no->converted == PQ_C_TIMESTAMP_MILLIS)
		return to(fi, WEIR_TIMESTAMP, PQ_TO_TIMES, 1000);
	if (no->converted == PQ_C_TIMESTAMP_MICROS)
		return to(fi, WEIR_TIMESTAMP, PQ_TO_SAME, 0);
	if (no->converted == PQ_C_TIME_MICROS)
		return to(fi, WEIR_DURATION, PQ_TO_SAME, 0);
	if ((no->logical == PQ_L_INTEGER && !no->int_signed) ||
	    no->converted == PQ_C_UINT_64) {
		fi->type.precision = 20;
		return to(fi, WEIR_DECIMAL, PQ_TO_U64_128, 0);
	}
	return to(fi, WEIR_INT64, PQ_TO_SAME, 0);
}

static const char *
bytes_kind(struct pq_field *fi, const struct pq_node *no)
{
	switch (no->logical) {
	case PQ_L_STRING:
	case PQ_L_ENUM:
		return to(fi, WEIR_STRING, PQ_TO_TEXT, 0);
	case PQ_L_JSON:
		return to(fi, WEIR_JSON, PQ_TO_TEXT, 0);
	case PQ_L_DECIMAL:
		return decimal(fi, no, 38);
	default:
		break;
	}
	switch (no->converted) {
	case PQ_C_UTF8:
	case PQ_C_ENUM:
		return to(fi, WEIR_STRING, PQ_TO_TEXT, 0);
	case PQ_C_JSON:
		return to(fi, WEIR_JSON, PQ_TO_TEXT, 0);
	case PQ_C_DECIMAL:
		return decimal(fi, no, 38);
	default:
		return to(fi, WEIR_BYTES, PQ_TO_BYTES, 0);
	}
}

static const char *
fixed_kind(struct pq_field *fi, const struct pq_node *no)
{
	if (fi->fixed_len == 0 || fi->fixed_len > INT32_MAX)
		return "of values without bytes";
	if (no->logical == PQ_L_DECIMAL || no->converted == PQ_C_DECIMAL)
		return decimal(fi, no, 38);
	if (no->logical == PQ_L_UUID && fi->fixed_len == 16)
		return to(fi, WEIR_STRING, PQ_TO_UUID, 0);
	if (no->logical == PQ_L_FLOAT16 && fi->fixed_len == 2)
		return to(fi, WEIR_FLOAT32, PQ_TO_HALF, 0);
	return to(fi, WEIR_BYTES, PQ_TO_BYTES, 0);
}

const char *
pq_kind_of(struct pq_field *fi, const struct pq_node *no)
{
	switch (fi->phys) {
	case PQ_BOOLEAN:
		return to(fi, WEIR_BOOL, PQ_TO_SAME, 0);
	case PQ_INT32:
		return int32_kind(fi, no);
	case PQ_INT64:
		return int64_kind(fi, no);
	case PQ_INT96:
		return to(fi, WEIR_TIMESTAMP, PQ_TO_INT96, 0);
	case PQ_FLOAT:
		return to(fi, WEIR_FLOAT32, PQ_TO_SAME, 0);
	case PQ_DOUBLE:
		return to(fi, WEIR_FLOAT64, PQ_TO_SAME, 0);
	case PQ_BYTE_ARRAY:
		return bytes_kind(fi, no);
	case PQ_FIXED:
		return fixed_kind(fi, no);
	default:
		return "of a type this version does not know";
	}
}
