/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What /dev/fscache-exerciser takes: one ioctl, one structure, one operation a
 * call, done in the calling thread.  Handles belong to the open file; closing
 * it gives everything back in the order in which a filesystem would.
 */
#ifndef EXERCISER_UAPI_H
#define EXERCISER_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define EXER_KEY_MAX	320	/* more than fscache takes, to offer it too much */
#define EXER_PAGES_MAX	64	/* of one read or write */
#define EXER_TIMED_PAGES_MAX 256 /* of one that is timed */
#define EXER_SLICES	10	/* a batch is timed in so many parts */

enum exer_opcode {
	EXER_VOLUME_ACQUIRE = 1,
	EXER_VOLUME_RELINQUISH,
	EXER_COOKIE_ACQUIRE,
	EXER_COOKIE_RELINQUISH,
	EXER_USE,
	EXER_UNUSE,
	EXER_INVALIDATE,
	EXER_RESIZE,
	EXER_UPDATE,
	EXER_QUERY,
	EXER_WAIT_STATE,
	EXER_BEGIN,		/* a read or write operation that is kept open */
	EXER_END,
	EXER_WAIT_OPERATION,
	EXER_READ,
	EXER_WRITE,
	EXER_WRITE_TO_CACHE,
	EXER_OCCUPANCY,
	EXER_TIME_READ,		/* the same, many times, for its time alone */
	EXER_TIME_WRITE,
	EXER_DROP,		/* forget a handle; what was kept is let go */
	EXER_LOOP,		/* time an operation on one cookie */
	EXER_BATCH_VOLUMES,
	EXER_BATCH_ACQUIRE,
	EXER_BATCH_USE,
	EXER_BATCH_INVALIDATE,	/* those that are in use */
	EXER_BATCH_WAIT,	/* until those in use are in one of the states */
	EXER_BATCH_UNUSE,
	EXER_BATCH_RELINQUISH,
	EXER_BATCH_DRAIN,	/* wait until those relinquished are freed; of one volume */
	EXER_BATCH_FREE,	/* relinquish all of it, forget the batch */
};

/* What is timed by EXER_LOOP, in exer_request.advice. */
enum exer_loop {
	EXER_LOOP_USE,
	EXER_LOOP_UNUSE,	/* what EXER_LOOP_USE began */
	EXER_LOOP_USE_UNUSE,
	EXER_LOOP_READ,		/* begin and end a read operation */
	EXER_LOOP_WRITE,
	EXER_LOOP_WAIT,		/* for an operation on an active cookie */
	EXER_LOOP_ACQUIRE,	/* and relinquish, another key in the same volume */
};

/* Flags; what one means for which operation is said there. */
#define EXER_MISUSE	0x001	/* skip the checks that make a good client */
#define EXER_KEEP	0x002	/* take an own reference as well */
#define EXER_RETIRE	0x004	/* relinquish: discard the object, or the volume */
#define EXER_MODIFY	0x008	/* use: the content is going to change */
#define EXER_SET_AUX	0x010	/* unuse, update: coherency data and size */
#define EXER_DIO	0x020	/* invalidate: because of a direct write */
#define EXER_FOR_WRITE	0x040	/* begin: a write operation */
#define EXER_DIRECT	0x080	/* read: do not ask prepare_read() first */
#define EXER_EARLY	0x100	/* write: what is written is as old as the begin */
#define EXER_NULL_KEY	0x200
#define EXER_NULL_AUX	0x400
#define EXER_NO_CACHING	0x800	/* write to cache: say that nothing is to be kept */
#define EXER_TAIL	0x1000	/* write: behind the size are zeros, as in the page cache;
				 * read: a page may end with zeros, see exer_part */
#define EXER_NULL_VOLUME 0x2000	/* acquire a volume: none, as of a mount without fsc */

/*
 * What a page in the cache may hold.  A word of a pattern is the tag plus its
 * place in the file times an odd constant, so that a page that moved, or that
 * is mixed from two, shows.
 */
#define EXER_TAG_HOLE	0ULL		/* zeros only */
#define EXER_TAG_MIXED	(~0ULL)		/* no whole pattern */
#define EXER_TAG_UNREAD	(~1ULL)		/* not touched by the read */

/* A tag: who, in which epoch of the content, and which write it was. */
#define EXER_TAG(who, epoch, serial) \
	(((__u64)(who) & 0xffff) << 48 | ((__u64)(epoch) & 0xffffff) << 24 | \
	 ((__u64)(serial) & 0xffffff))
#define EXER_TAG_WHO(tag)	((__u32)((tag) >> 48))
#define EXER_TAG_EPOCH(tag)	((__u32)((tag) >> 24) & 0xffffff)
#define EXER_TAG_SERIAL(tag)	((__u32)(tag) & 0xffffff)

struct exer_cookie_info {
	__u32 valid;		/* fscache gave a cookie */
	__u32 state;		/* enum fscache_cookie_state */
	__u64 flags;
	__u32 ref;
	__s32 n_active;
	__s32 n_accesses;
	__u32 inval_counter;
	__u32 debug_id;
	__s32 volume_n_cookies;
	__s64 object_size;
	__u32 epoch;		/* that reads and writes are in now */
	__u32 double_completions;	/* of the whole module */
	__u32 advice;
	__u32 unused;
};

/*
 * How much of a page is of its pattern, before nothing but zeros: from low to
 * high bytes.  Zeros of the pattern itself are the difference.
 */
struct exer_part {
	__u16 low;
	__u16 high;
};

struct exer_request {
	__u32 op;		/* enum exer_opcode */
	__u32 flags;
	__u32 handle;		/* in: what it is done to; out: what was made */
	__u32 volume;		/* handle of the volume of a new cookie */

	__u64 start;		/* offset; batch: first number of the keys */
	__u64 length;		/* bytes; loop, batch: how many times, how many */
	__u64 size;		/* size of the object */
	__u32 who;		/* tag of what is written, and of what is read */
	__u32 serial;		/* timed: how many times */
	__u32 epoch;		/* of a new cookie */
	__u32 advice;		/* timed: bytes from the start of one to the next; 0: length */
	__u32 states;		/* wait: bit set of states to wait for */
	__u32 milliseconds;	/* wait: how long */

	__u32 key_len;
	__u32 aux_len;
	__u8  key[EXER_KEY_MAX];
	char  cache[32];	/* name of the cache; empty: any */

	/* answers; the ioctl itself fails only when the request is none */
	__s64 result;		/* 0, a count, or an errno of fscache */
	__s64 transferred;
	__u32 source;		/* read: what prepare_read() said */
	__u32 tag_epoch;	/* write: in which epoch it was */
	__u64 nanoseconds;
	__u64 slices[EXER_SLICES];
	struct exer_cookie_info info;
	__u64 tags[EXER_PAGES_MAX];
	struct exer_part parts[EXER_PAGES_MAX];	/* with EXER_TAIL */
};

#define EXER_IOCTL	_IOWR('E', 0xf5, struct exer_request)

#endif
