#pragma once

/*
 * Big-endian loads and stores at any alignment. Each is one load (movbe or load + bswap) at -O2. No
 * bounds: the caller has checked them. Ctx: any.
 */

#include <stdint.h>

static inline uint16_t rh_load_be16(const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t rh_load_be32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t rh_load_be64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/* Are the bits of @mask among the 8 bytes at @p those of @bits? Constants are turned, not what is loaded. */
static inline _Bool rh_bits_be64(const uint8_t *p, uint64_t mask, uint64_t bits)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return (v & __builtin_bswap64(mask)) == __builtin_bswap64(bits);
}

static inline void rh_store_be16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void rh_store_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void rh_store_be64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	__builtin_memcpy(p, &v, sizeof(v));
}
