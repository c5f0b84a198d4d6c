/*
 * quant.c
 *
 * Block layouts, byte offsets in brackets; d, m: binary16.  Numbers are in
 * two halves: the low four bits of the bytes of qs, then the high four bits.
 *
 *     Q4_0  d[0] qs[2..18)                      d * (q - 8)
 *     Q4_1  d[0] m[2] qs[4..20)                 d * q + m
 *     Q5_0  d[0] qh[2..6) qs[6..22)             d * (q - 16)
 *     Q5_1  d[0] m[2] qh[4..8) qs[8..24)        d * q + m
 *     Q8_0  d[0] q[2..34)                       d * q
 *     Q4_K  d[0] m[2] scales[4..16) qs[16..144)            d s q - m t
 *     Q5_K  d[0] m[2] scales[4..16) qh[16..48) qs[48..176) d s q - m t
 *     Q6_K  ql[0..128) qh[128..192) scales[192..208) d[208] d s (q - 32)
 *     Q2_K  scales[0..16) qs[16..80) d[80] m[82]           d s q - m t
 *     Q3_K  qh[0..32) qs[32..96) scales[96..108) d[108]    d (s - 32) (q - 4)
 *     IQ4_NL  d[0] qs[2..18)                               d v[q]
 *     IQ4_XS  d[0] high[2] low[4..8) qs[8..136)            d (s - 32) v[q]
 *
 * qh holds the bits above the low four (Q3_K: two).  In the K types s and t
 * belong to 32 (Q2_K, Q3_K, Q6_K: 16) neighbouring numbers.  v is a table.
 */
#include "format/quant.h"

#include "base/bytes.h"
#include "base/half.h"

#define SMALL 32  /* numbers in a block of the first kind */
#define LARGE 256 /* numbers in a block of a K type */

static inline float
load_f16(const uint8_t *p)
{
    return half_from_f16(bytes_load_u16(p));
}

void
quant_widen_q4_0(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 18, out += SMALL) {
        float d = load_f16(blocks);
        const uint8_t *qs = blocks + 2;

        for (int i = 0; i < SMALL / 2; i++) {
            out[i] = d * (float)((qs[i] & 15) - 8);
            out[i + SMALL / 2] = d * (float)((qs[i] >> 4) - 8);
        }
    }
}

void
quant_widen_q4_1(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 20, out += SMALL) {
        float d = load_f16(blocks);
        float m = load_f16(blocks + 2);
        const uint8_t *qs = blocks + 4;

        for (int i = 0; i < SMALL / 2; i++) {
            out[i] = d * (float)(qs[i] & 15) + m;
            out[i + SMALL / 2] = d * (float)(qs[i] >> 4) + m;
        }
    }
}

void
quant_widen_q5_0(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 22, out += SMALL) {
        float d = load_f16(blocks);
        uint32_t high = bytes_load_u32(blocks + 2);
        const uint8_t *qs = blocks + 6;

        for (int i = 0; i < SMALL / 2; i++) {
            int q0 = (qs[i] & 15) | (int)(high >> i & 1) << 4;
            int q1 = qs[i] >> 4 | (int)(high >> (i + 16) & 1) << 4;

            out[i] = d * (float)(q0 - 16);
            out[i + SMALL / 2] = d * (float)(q1 - 16);
        }
    }
}

void
quant_widen_q5_1(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 24, out += SMALL) {
        float d = load_f16(blocks);
        float m = load_f16(blocks + 2);
        uint32_t high = bytes_load_u32(blocks + 4);
        const uint8_t *qs = blocks + 8;

        for (int i = 0; i < SMALL / 2; i++) {
            int q0 = (qs[i] & 15) | (int)(high >> i & 1) << 4;
            int q1 = qs[i] >> 4 | (int)(high >> (i + 16) & 1) << 4;

            out[i] = d * (float)q0 + m;
            out[i + SMALL / 2] = d * (float)q1 + m;
        }
    }
}

void
quant_widen_q8_0(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 34, out += SMALL) {
        float d = load_f16(blocks);

        for (int i = 0; i < SMALL; i++) {
            out[i] = d * (float)(int8_t)blocks[2 + i];
        }
    }
}

/*
 * The eight 6-bit scales s and offsets t of a Q4_K or Q5_K block: the first
 * four of each in the low six bits of bytes 0-3 and 4-7; of the other four
 * the low halves in bytes 8-11, the high bits on top of bytes 0-7.
 */
static void
unpack_scales(uint8_t s[8], uint8_t t[8], const uint8_t packed[12])
{
    for (int j = 0; j < 4; j++) {
        s[j] = packed[j] & 63;
        t[j] = packed[j + 4] & 63;
        s[j + 4] = (uint8_t)((packed[j + 8] & 15) | packed[j] >> 6 << 4);
        t[j + 4] = (uint8_t)(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
    }
}

void
quant_widen_q4_k(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 144) {
        float d = load_f16(blocks);
        float m = load_f16(blocks + 2);
        uint8_t s[8], t[8];

        unpack_scales(s, t, blocks + 4);
        for (int j = 0; j < 4; j++, out += 64) {
            const uint8_t *qs = blocks + 16 + 32 * j;
            float d0 = d * (float)s[2 * j], d1 = d * (float)s[2 * j + 1];
            float m0 = m * (float)t[2 * j], m1 = m * (float)t[2 * j + 1];

            for (int i = 0; i < 32; i++) {
                out[i] = d0 * (float)(qs[i] & 15) - m0;
                out[i + 32] = d1 * (float)(qs[i] >> 4) - m1;
            }
        }
    }
}

void
quant_widen_q5_k(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 176) {
        float d = load_f16(blocks);
        float m = load_f16(blocks + 2);
        const uint8_t *qh = blocks + 16;
        uint8_t s[8], t[8];

        unpack_scales(s, t, blocks + 4);
        for (int j = 0; j < 4; j++, out += 64) {
            const uint8_t *qs = blocks + 48 + 32 * j;
            float d0 = d * (float)s[2 * j], d1 = d * (float)s[2 * j + 1];
            float m0 = m * (float)t[2 * j], m1 = m * (float)t[2 * j + 1];

            for (int i = 0; i < 32; i++) {
                int q0 = (qs[i] & 15) | (qh[i] >> (2 * j) & 1) << 4;
                int q1 = qs[i] >> 4 | (qh[i] >> (2 * j + 1) & 1) << 4;

                out[i] = d0 * (float)q0 - m0;
                out[i + 32] = d1 * (float)q1 - m1;
            }
        }
    }
}

/* Half a block: 128 numbers as four runs of 32, run k with bits 2k of qh. */
static void
widen_q6_k_half(float *out, const uint8_t *ql, const uint8_t *qh,
    const uint8_t *scales, float d)
{
    for (int i = 0; i < 32; i++) {
        float d0 = d * (float)(int8_t)scales[i / 16];
        float d1 = d * (float)(int8_t)scales[i / 16 + 2];
        float d2 = d * (float)(int8_t)scales[i / 16 + 4];
        float d3 = d * (float)(int8_t)scales[i / 16 + 6];
        int q0 = (ql[i] & 15) | (qh[i] & 3) << 4;
        int q1 = (ql[i + 32] & 15) | (qh[i] >> 2 & 3) << 4;
        int q2 = ql[i] >> 4 | (qh[i] >> 4 & 3) << 4;
        int q3 = ql[i + 32] >> 4 | (qh[i] >> 6 & 3) << 4;

        out[i] = d0 * (float)(q0 - 32);
        out[i + 32] = d1 * (float)(q1 - 32);
        out[i + 64] = d2 * (float)(q2 - 32);
        out[i + 96] = d3 * (float)(q3 - 32);
    }
}

void
quant_widen_q6_k(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 210, out += LARGE) {
        float d = load_f16(blocks + 208);

        widen_q6_k_half(out, blocks, blocks + 128, blocks + 192, d);
        widen_q6_k_half(out + 128, blocks + 64, blocks + 160, blocks + 200, d);
    }
}

/* A quarter of 32 of a half of 128 numbers: bits 2j and 2j + 1 of 32 bytes. */
void
quant_widen_q2_k(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 84) {
        float d = load_f16(blocks + 80);
        float m = load_f16(blocks + 82);

        for (int k = 0; k < 16; k++, out += 16) {
            const uint8_t *qs = blocks + 16 + 32 * (k / 8) + 16 * (k % 2);
            int shift = 2 * (k / 2 % 4);
            float ds = d * (float)(blocks[k] & 15);
            float mt = m * (float)(blocks[k] >> 4);

            for (int i = 0; i < 16; i++) {
                out[i] = ds * (float)(qs[i] >> shift & 3) - mt;
            }
        }
    }
}

/*
 * The sixteen 6-bit scales of a Q3_K block: the low four bits of the first
 * eight in the low halves of bytes 0-7, of the others in the high halves; the
 * high two bits of scale k at bit 2 (k / 4) of byte 8 + k % 4.
 */
static int
scale_q3_k(const uint8_t packed[12], int k)
{
    int low = k < 8 ? packed[k] & 15 : packed[k - 8] >> 4;

    return low | (packed[8 + k % 4] >> (2 * (k / 4)) & 3) << 4;
}

void
quant_widen_q3_k(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 110) {
        float d = load_f16(blocks + 108);

        for (int k = 0; k < 16; k++, out += 16) {
            const uint8_t *qh = blocks + 16 * (k % 2);
            const uint8_t *qs = blocks + 32 + 32 * (k / 8) + 16 * (k % 2);
            int shift = 2 * (k / 2 % 4);
            float ds = d * (float)(scale_q3_k(blocks + 96, k) - 32);

            for (int i = 0; i < 16; i++) {
                int q = (qs[i] >> shift & 3) | (qh[i] >> (k / 2) & 1) << 2;

                out[i] = ds * (float)(q - 4);
            }
        }
    }
}

/* Sixteen values, denser around zero. */
static const int8_t iq4_values[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static void
widen_iq4(float *out, const uint8_t *qs, float d)
{
    for (int i = 0; i < SMALL / 2; i++) {
        out[i] = d * (float)iq4_values[qs[i] & 15];
        out[i + SMALL / 2] = d * (float)iq4_values[qs[i] >> 4];
    }
}

void
quant_widen_iq4_nl(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 18, out += SMALL) {
        widen_iq4(out, blocks + 2, load_f16(blocks));
    }
}

void
quant_widen_iq4_xs(float *out, const uint8_t *blocks, size_t n_blocks)
{
    for (; n_blocks > 0; n_blocks--, blocks += 136) {
        float d = load_f16(blocks);
        unsigned high = bytes_load_u16(blocks + 2);

        for (int k = 0; k < 8; k++, out += SMALL) {
            int low = blocks[4 + k / 2] >> (4 * (k % 2)) & 15;
            int s = low | (int)(high >> (2 * k) & 3) << 4;

            widen_iq4(out, blocks + 8 + 16 * k, d * (float)(s - 32));
        }
    }
}
