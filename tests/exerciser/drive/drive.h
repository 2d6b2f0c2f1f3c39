/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the driver share.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "uapi.h"

#define PAGE 4096ULL

/* States and flags of a cookie, as <linux/fscache.h> numbers them. */
enum { QUIESCENT, LOOKING_UP, CREATING, ACTIVE, INVALIDATING, FAILED, LRU_DISCARDING,
	WITHDRAWING, RELINQUISHING, DROPPED };
#define IN(state)		(1u << (state))
#define FLAG_DISABLED		(1u << 6)
#define FLAG_STORES_NOTHING	(1u << 20)	/* of our fscache alone */
#define FLAG_OLD_READS		(1u << 21)	/* of our fscache alone */
/* What prepare_read() may say, as <linux/netfs.h> numbers it. */
enum { FILL_WITH_ZEROES = 1, DOWNLOAD_FROM_SERVER, READ_FROM_CACHE };

#define OBJECTS_MAX	250	/* of each volume of 'stored' */

struct options {
	uint64_t seed;
	int seconds;
	int threads;
	const char *cache;	/* folder of the cache */
	const char *scrap;	/* mount point of a filesystem that may be shut down */
	const char *json;
	uint64_t cookies;	/* the most that scale makes */
	unsigned long extents;	/* of the file with many, in transfers */
	unsigned long objects;	/* of each volume of 'stored' */
	const char *in_use;	/* command for when 'stored' has objects in use */
	int flat;		/* by how many percent a cost may grow with them; 0: any */
};
extern struct options options;

/* kernel.c */
extern __thread const char *whoami;
extern atomic_int failures;
void bad(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* a fault that the kernel's own fscache is known to have: bad() only of another */
void bad_but_in_c(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* the same of its own cachefiles */
void bad_but_in_c_backend(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool fscache_is_c(void);
bool backend_is_c(void);
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
double now(void);
int device_open(void);
long call(int fd, struct exer_request *rq);
void watchdog_start(void);
void watched(const char *what);		/* a call outside of call() begins; NULL: it ended */
void cache_bind(const char *folder);
void cache_withdraw(void);
bool cache_bound(void);
bool cache_command(const char *command);
long stat_cookies(void);
long stat_volumes(void);
void counts_return(const char *after, long cookies, long volumes);

/* requests that are made often */
uint32_t volume_acquire(int fd, const char *key, unsigned int flags, long *result);
long volume_relinquish(int fd, uint32_t handle, unsigned int flags);
uint32_t cookie_acquire(int fd, uint32_t volume, const char *key, uint32_t epoch, uint64_t size,
			unsigned int flags, struct exer_cookie_info *info);
long simple(int fd, uint32_t op, uint32_t handle, unsigned int flags, uint64_t size,
	    struct exer_cookie_info *info);
long wait_state(int fd, uint32_t handle, unsigned int states, unsigned int milliseconds);
void drop(int fd, uint32_t handle);
/* relinquish a cookie that was acquired with EXER_KEEP, and see that it ends well */
void relinquish_checked(int fd, uint32_t handle, bool retire);
long put_page(int fd, uint32_t handle, uint32_t who, uint32_t serial, uint64_t page,
	      uint64_t size);
/* the tag of a page by prepare_read() and read(), 0 when the cache has none */
uint64_t get_page(int fd, uint32_t handle, uint64_t page, uint64_t size);

/* a generator whose sequence is the same everywhere */
struct rng { uint64_t state; };
uint64_t rng_next(struct rng *rng);
static inline uint32_t rng_below(struct rng *rng, uint32_t n) { return rng_next(rng) % n; }

/* the phases; each says what is wrong by bad() */
enum load { LOAD_QUIET, LOAD_WITHDRAW, LOAD_IO_ERROR };
void scrap_break(void);
void random_phase(enum load load, int seconds);
void scenarios(const char *only);
void misuse(const char *only);
void allocations(void);
void bench(void);
void contention(void);
void transfers(void);
void scale(void);
void exchange(bool stored);

/* what was measured, in bench.c */
void heading(void);
void row(const char *name, long cookies, long volumes, int threads, double value, const char *unit);
double median(double *values, int n);
void rows_close(void);

#endif
