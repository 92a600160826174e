/* SPDX-License-Identifier: MIT
 *
 * The numbers of the Parquet format, as parquet.thrift of apache/parquet-format
 * gives them.
 */
#ifndef PARQUET_FORMAT_H
#define PARQUET_FORMAT_H

#define PQ_MAGIC "PAR1"

enum pq_phys {
	PQ_BOOLEAN = 0,
	PQ_INT32,
	PQ_INT64,
	PQ_INT96,
	PQ_FLOAT,
	PQ_DOUBLE,
	PQ_BYTE_ARRAY,
	PQ_FIXED,
	PQ_PHYS,
};

enum pq_repetition {
	PQ_REQUIRED = 0,
	PQ_OPTIONAL,
	PQ_REPEATED,
};

/* ConvertedType: the older annotation. */
enum pq_converted {
	PQ_C_NONE = -1,
	PQ_C_UTF8 = 0,
	PQ_C_MAP = 1,
	PQ_C_MAP_KEY_VALUE = 2,
	PQ_C_LIST = 3,
	PQ_C_ENUM = 4,
	PQ_C_DECIMAL = 5,
	PQ_C_DATE = 6,
	PQ_C_TIME_MILLIS = 7,
	PQ_C_TIME_MICROS = 8,
	PQ_C_TIMESTAMP_MILLIS = 9,
	PQ_C_TIMESTAMP_MICROS = 10,
	PQ_C_UINT_8 = 11,
	PQ_C_UINT_16 = 12,
	PQ_C_UINT_32 = 13,
	PQ_C_UINT_64 = 14,
	PQ_C_INT_8 = 15,
	PQ_C_INT_16 = 16,
	PQ_C_INT_32 = 17,
	PQ_C_INT_64 = 18,
	PQ_C_JSON = 19,
	PQ_C_BSON = 20,
	PQ_C_INTERVAL = 21,
};

/* LogicalType: which member of the union. */
enum pq_logical {
	PQ_L_NONE = 0,
	PQ_L_STRING = 1,
	PQ_L_MAP = 2,
	PQ_L_LIST = 3,
	PQ_L_ENUM = 4,
	PQ_L_DECIMAL = 5,
	PQ_L_DATE = 6,
	PQ_L_TIME = 7,
	PQ_L_TIMESTAMP = 8,
	PQ_L_INTEGER = 10,
	PQ_L_UNKNOWN = 11,
	PQ_L_JSON = 12,
	PQ_L_BSON = 13,
	PQ_L_UUID = 14,
	PQ_L_FLOAT16 = 15,
};

enum pq_unit {
	PQ_U_MILLIS = 1,
	PQ_U_MICROS = 2,
	PQ_U_NANOS = 3,
};

enum pq_encoding {
	PQ_E_PLAIN = 0,
	PQ_E_PLAIN_DICTIONARY = 2,
	PQ_E_RLE = 3,
	PQ_E_BIT_PACKED = 4,
	PQ_E_DELTA_BINARY_PACKED = 5,
	PQ_E_DELTA_LENGTH = 6,
	PQ_E_DELTA_BYTE_ARRAY = 7,
	PQ_E_RLE_DICTIONARY = 8,
	PQ_E_BYTE_STREAM_SPLIT = 9,
};

enum pq_codec {
	PQ_UNCOMPRESSED = 0,
	PQ_SNAPPY = 1,
	PQ_GZIP = 2,
	PQ_LZO = 3,
	PQ_BROTLI = 4,
	PQ_LZ4_HADOOP = 5,
	PQ_ZSTD = 6,
	PQ_LZ4_RAW = 7,
};

enum pq_page_type {
	PQ_DATA_PAGE = 0,
	PQ_INDEX_PAGE = 1,
	PQ_DICTIONARY_PAGE = 2,
	PQ_DATA_PAGE_V2 = 3,
};

enum pq_boundary {
	PQ_UNORDERED = 0,
	PQ_ASCENDING = 1,
	PQ_DESCENDING = 2,
};

#endif
