/*
 * crc32c: the check of SCTP, eight bytes at a time.
 *
 * Owns: tables[k][b], the remainder of byte b with k zero bytes behind it. A remainder is linear: that of a byte is the
 * XOR of those of its bits, so the compiler makes the tables of eight numbers each, and the change that one piece of a
 * message makes does not depend on the rest. Bits are in the order of RFC 9260 appendix A: the polynomial's highest
 * power is the lowest bit. Sources: crc32c.h's.
 */
#include "packet/crc32c.h"

#define POLYNOMIAL 0x82f63b78u

#define BIT(b, bit, value) ((b) & (bit) ? (value) : 0u)
#define BYTE(b, v0, v1, v2, v3, v4, v5, v6, v7) \
	(BIT(b, 1, v0) ^ BIT(b, 2, v1) ^ BIT(b, 4, v2) ^ BIT(b, 8, v3) ^ BIT(b, 16, v4) ^ BIT(b, 32, v5) ^ \
	 BIT(b, 64, v6) ^ BIT(b, 128, v7))

/* The remainders of single bits with 0 to 7 zero bytes behind them. */
#define T0(b) BYTE(b, 0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u)
#define T1(b) BYTE(b, 0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u)
#define T2(b) BYTE(b, 0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u)
#define T3(b) BYTE(b, 0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu)
#define T4(b) BYTE(b, 0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu)
#define T5(b) BYTE(b, 0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u)
#define T6(b) BYTE(b, 0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u)
#define T7(b) BYTE(b, 0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u)

#define FOUR(T, b)    T(b), T((b) + 1), T((b) + 2), T((b) + 3)
#define SIXTEEN(T, b) FOUR(T, b), FOUR(T, (b) + 4), FOUR(T, (b) + 8), FOUR(T, (b) + 12)
#define SIXTY(T, b)   SIXTEEN(T, b), SIXTEEN(T, (b) + 16), SIXTEEN(T, (b) + 32), SIXTEEN(T, (b) + 48)
#define TABLE(T)      { SIXTY(T, 0), SIXTY(T, 64), SIXTY(T, 128), SIXTY(T, 192) }

static const uint32_t tables[8][256] = {
	TABLE(T0), TABLE(T1), TABLE(T2), TABLE(T3), TABLE(T4), TABLE(T5), TABLE(T6), TABLE(T7),
};

/* x^(8 * 2^k): multiplying by it puts 2^k zero bytes behind. */
static const uint32_t powers[32] = {
	0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
	0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
	0xfe7740e6, 0xf946610b, 0x3c204f8f, 0x538586e3, 0x59726915, 0x734d5309, 0xbc1ac763, 0x7d0722cc,
	0xd289cabe, 0xe94ca9bc, 0x05b74f3f, 0xa51e1f42, 0x40000000, 0x20000000, 0x08000000, 0x00800000,
};

/* Four bytes, the first one lowest: compilers make one load of it where they may. */
static inline uint32_t low_first(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint32_t next(uint32_t rest, uint8_t byte)
{
	return rest >> 8 ^ tables[0][(rest ^ byte) & 0xff];
}

/* The remainder alone: nothing in front, nothing complemented. */
static uint32_t remainder_of(uint32_t rest, const uint8_t *at, uint32_t len)
{
	for (; len >= 8; len -= 8, at += 8) {
		uint32_t low = rest ^ low_first(at), high = low_first(at + 4);

		rest = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
		       tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
		       tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
	}
	for (; len > 0; len--, at++)
		rest = next(rest, *at);
	return rest;
}

/* The product of two remainders. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0, bit;

	for (bit = 0x80000000u; bit; bit >>= 1) {
		product ^= a & bit ? b : 0;
		b = b >> 1 ^ (b & 1 ? POLYNOMIAL : 0);
	}
	return product;
}

uint32_t usher__crc32c(uint32_t crc, const void *data, uint32_t len)
{
	return ~remainder_of(~crc, data, len);
}

uint32_t usher__crc32c_change(const void *before, const void *after, uint32_t len, uint32_t behind)
{
	const uint8_t *old = before, *new = after;
	uint32_t rest = 0, i;

	for (i = 0; i < len; i++)
		rest = next(rest, old[i] ^ new[i]);
	for (i = 0; behind; i++, behind >>= 1)
		if (behind & 1)
			rest = multiply(rest, powers[i]);
	return rest;
}
