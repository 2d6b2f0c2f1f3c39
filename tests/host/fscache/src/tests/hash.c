// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes hash.vectors, from the description of the kernel's fscache_hash() in C:
 *	cc -O1 -o /tmp/hash hash.c && /tmp/hash > hash.vectors
 * A line is: which pattern of bytes, length of the key, salt, hash.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t rol(uint32_t v, int by)
{
	return v << by | v >> (32 - by);
}

static uint32_t fold(uint32_t v)
{
	return v * 0x61c88647u;
}

static uint32_t hash(uint32_t salt, const unsigned char *p, size_t padded)
{
	uint32_t x = 0, y = salt;

	for (; padded; padded -= 4, p += 4) {
		x ^= p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
		y ^= x;
		x = rol(x, 7);
		x += y;
		y = rol(y, 20);
		y *= 9;
	}
	return fold(y ^ fold(x));
}

int main(void)
{
	static const uint32_t salts[] = { 0, 1, 0x80000000u, 0xdeadbeefu };
	unsigned char key[256];

	puts("# SPDX-License-Identifier: GPL-2.0-only\n# Made by hash.c.");
	for (int pattern = 0; pattern < 3; pattern++)
		for (int len = 0; len <= 255; len += len < 20 ? 1 : 47) {
			memset(key, 0, sizeof(key));
			for (int i = 0; i < len; i++)
				key[i] = pattern == 0 ? 0xff :
					 pattern == 1 ? (i * 37 + 11) & 0xff :
					 i % 3 == 0 ? 0 : i;
			for (int s = 0; s < 4; s++)
				printf("%d %d %08x %08x\n", pattern, len, salts[s],
				       hash(salts[s], key, (len + 3) & ~3));
		}
	return 0;
}
