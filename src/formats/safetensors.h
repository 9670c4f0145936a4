/* safetensors - the header of a weights file: names, types, shapes and places of tensors.
 *
 *     0  8  n        length of the header, u64 little-endian
 *     8  n  header   JSON {"name":{"dtype":"F32","shape":[..],"data_offsets":[begin,end]},...,
 *                    "__metadata__":{"text":"text"}}, begins with '{', may end in white space
 *     8+n   data     tensors one after the other: from 0, no hole, no overlap, to the end of file
 *
 * Untrusted: every byte. A header is accepted only if it is the one way to describe its file: all
 * arithmetic is checked, duplicate names and unknown keys are refused, each shape times its type
 * fills its range exactly, and the ranges together fill the file exactly.
 */
#ifndef FORMATS_SAFETENSORS_H
#define FORMATS_SAFETENSORS_H

#include "base/bytes.h"

enum {
    SAFETENSORS_HEADER_MAX = 4 << 20, /* the format allows 100 MB; real headers have kilobytes */
    SAFETENSORS_TENSORS_MAX = 65536,
    SAFETENSORS_DIMS_MAX = 8,
    SAFETENSORS_NAME_MAX = 512,
};

/* column 2: name in the file; column 3: bytes of one element */
#define TENSOR_DTYPE_MAP(X)         \
    X(TENSOR_F32, "F32", 4)         \
    X(TENSOR_F16, "F16", 2)         \
    X(TENSOR_BF16, "BF16", 2)       \
    X(TENSOR_I64, "I64", 8)         \
    X(TENSOR_I32, "I32", 4)         \
    X(TENSOR_I16, "I16", 2)         \
    X(TENSOR_I8, "I8", 1)           \
    X(TENSOR_U64, "U64", 8)         \
    X(TENSOR_U32, "U32", 4)         \
    X(TENSOR_U16, "U16", 2)         \
    X(TENSOR_U8, "U8", 1)           \
    X(TENSOR_F64, "F64", 8)         \
    X(TENSOR_BOOL, "BOOL", 1)       \
    X(TENSOR_F8_E4M3, "F8_E4M3", 1) \
    X(TENSOR_F8_E5M2, "F8_E5M2", 1)

#define TENSOR_ENUM_(code, name, bytes) code,
enum tensor_dtype { TENSOR_DTYPE_MAP(TENSOR_ENUM_) TENSOR_DTYPE_COUNT };
#undef TENSOR_ENUM_

const char *tensor_dtype_name(enum tensor_dtype t); /* "BF16" */
uint32_t tensor_dtype_bytes(enum tensor_dtype t);   /* 2 */
bool tensor_dtype_from_name(struct bytes name, enum tensor_dtype *out);

struct safetensors_entry {
    struct bytes name; /* borrowed from the header object; also NUL-terminated */
    enum tensor_dtype dtype;
    uint32_t n_dims; /* 0 for a scalar */
    uint64_t dims[SAFETENSORS_DIMS_MAX];
    uint64_t begin, end; /* absolute offsets in the file */
};

struct safetensors; /* a header that has passed every check */

/* Size of length field and header together, from the first 8 bytes. ST_TRUNCATED when the file is
 * shorter than that, ST_LIMIT above SAFETENSORS_HEADER_MAX, ST_FORMAT for an empty header. */
NODISCARD status safetensors_header_size(const uint8_t first8[static 8], uint64_t file_bytes,
                                         uint64_t *out_total);
/* `header` is exactly that many first bytes of a file of `file_bytes`; it is not kept.
 * ST_TRUNCATED, ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for a dtype that is not in the table above. */
NODISCARD status safetensors_parse(struct bytes header, uint64_t file_bytes,
                                   struct safetensors **out);
void safetensors_freep(struct safetensors **s);

/* Entries are in the order of their place in the file. */
size_t safetensors_count(const struct safetensors *s);
const struct safetensors_entry *safetensors_at(const struct safetensors *s, size_t i);
const struct safetensors_entry *safetensors_find(const struct safetensors *s, const char *name);
uint64_t safetensors_data_begin(const struct safetensors *s); /* 8 + n */

#endif
