// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring: an operation many times on one cookie, or once on each of very
 * many.  Times are those of the kernel's clock, which under QEMU's icount are
 * instructions.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/wait_bit.h>
#include "exerciser.h"

#define EXER_BATCH_MAX		(1 << 21)
#define EXER_VOLUMES_MAX	(1 << 15)

struct exer_batch {
	struct fscache_volume	**volumes;
	u32			n_volumes;
	struct fscache_cookie	**cookies;
	u32			n_cookies;
	u32			n_used;		/* the first so many are in use */
	u32			drained_ref;	/* references of the volume but for cookies */
};

static int exer_acquire_relinquish(struct fscache_volume *volume, u64 who, u64 i)
{
	u64 key[4] = { who, i }, aux[2] = {};
	struct fscache_cookie *cookie;

	cookie = fscache_acquire_cookie(volume, 0, key, sizeof(key), aux, sizeof(aux), PAGE_SIZE);
	if (!cookie)
		return -ENOBUFS;
	fscache_relinquish_cookie(cookie, false);
	return 0;
}

int exer_loop(struct exer_cookie *cookie, struct exer_request *rq)
{
	struct netfs_cache_resources *cres;
	struct fscache_cookie *c = cookie->cookie;
	u64 i, n = rq->length, total = 0, t;
	int ret = 0;

	if (n < 1 || n > 10000000)
		return -EINVAL;
	cres = kzalloc(sizeof(*cres), GFP_KERNEL);
	if (!cres)
		return -ENOMEM;
	down_read(&cookie->life);
	if (!c || cookie->relinquished) {
		ret = -ESTALE;
		goto out;
	}
	switch (rq->advice) {
	case EXER_LOOP_USE:
		t = ktime_get_ns();
		for (i = 0; i < n; i++)
			fscache_use_cookie(c, false);
		total = ktime_get_ns() - t;
		atomic_add(n, &cookie->uses);
		break;
	case EXER_LOOP_UNUSE:
		/* Of what EXER_LOOP_USE began, one is left. */
		if (atomic_read(&cookie->uses) <= n) {
			ret = -EINVAL;
			break;
		}
		atomic_sub(n, &cookie->uses);
		t = ktime_get_ns();
		for (i = 0; i < n; i++)
			fscache_unuse_cookie(c, NULL, NULL);
		total = ktime_get_ns() - t;
		break;
	case EXER_LOOP_USE_UNUSE:
		t = ktime_get_ns();
		for (i = 0; i < n; i++) {
			fscache_use_cookie(c, false);
			fscache_unuse_cookie(c, NULL, NULL);
		}
		total = ktime_get_ns() - t;
		break;
	case EXER_LOOP_READ:
	case EXER_LOOP_WRITE:
		t = ktime_get_ns();
		for (i = 0; i < n && ret == 0; i++) {
			if (rq->advice == EXER_LOOP_READ)
				ret = fscache_begin_read_operation(cres, c);
			else
				ret = fscache_begin_write_operation(cres, c);
			if (ret == 0)
				fscache_end_operation(cres);
		}
		total = ktime_get_ns() - t;
		break;
	case EXER_LOOP_WAIT:
		ret = fscache_begin_read_operation(cres, c);
		if (ret < 0)
			break;
		t = ktime_get_ns();
		for (i = 0; i < n; i++)
			if (!fscache_wait_for_operation(cres, FSCACHE_WANT_READ))
				ret = -ENOBUFS;
		total = ktime_get_ns() - t;
		fscache_end_operation(cres);
		break;
	case EXER_LOOP_ACQUIRE:
		t = ktime_get_ns();
		for (i = 0; i < n && ret == 0; i++)
			ret = exer_acquire_relinquish(cookie->volume->volume, rq->who, i);
		total = ktime_get_ns() - t;
		break;
	default:
		ret = -EINVAL;
		break;
	}
out:
	up_read(&cookie->life);
	kfree(cres);
	rq->result = ret;
	rq->nanoseconds = total;
	return ret == -EINVAL ? ret : 0;
}

static struct exer_batch *exer_batch_get(struct exer_session *session)
{
	struct exer_batch *batch = session->batch;

	if (batch)
		return batch;
	batch = kzalloc(sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return NULL;
	batch->volumes = kvcalloc(EXER_VOLUMES_MAX, sizeof(void *), GFP_KERNEL);
	batch->cookies = kvcalloc(EXER_BATCH_MAX, sizeof(void *), GFP_KERNEL);
	if (!batch->volumes || !batch->cookies) {
		kvfree(batch->volumes);
		kvfree(batch->cookies);
		kfree(batch);
		return NULL;
	}
	session->batch = batch;
	return batch;
}

static void exer_batch_relinquish(struct exer_batch *batch, u32 down_to, bool retire)
{
	while (batch->n_cookies > down_to) {
		struct fscache_cookie *cookie = batch->cookies[--batch->n_cookies];

		if (batch->n_used > batch->n_cookies) {
			fscache_unuse_cookie(cookie, NULL, NULL);
			batch->n_used = batch->n_cookies;
		}
		fscache_relinquish_cookie(cookie, retire);
	}
}

void exer_batch_free(struct exer_session *session)
{
	struct exer_batch *batch = session->batch;

	if (!batch)
		return;
	exer_batch_relinquish(batch, 0, false);
	while (batch->n_volumes)
		fscache_relinquish_volume(batch->volumes[--batch->n_volumes], NULL, false);
	kvfree(batch->volumes);
	kvfree(batch->cookies);
	kfree(batch);
	session->batch = NULL;
}

static int exer_batch_volumes(struct exer_batch *batch, struct exer_request *rq)
{
	char name[40];
	u64 i, t = ktime_get_ns();

	for (i = 0; i < rq->length && batch->n_volumes < EXER_VOLUMES_MAX; i++) {
		struct fscache_volume *volume;

		snprintf(name, sizeof(name), "batch,%x,%x", rq->who, batch->n_volumes);
		volume = fscache_acquire_volume(name, rq->cache[0] ? rq->cache : NULL, NULL, 0);
		if (IS_ERR(volume)) {
			rq->result = PTR_ERR(volume);
			break;
		}
		batch->volumes[batch->n_volumes++] = volume;
		cond_resched();
	}
	rq->nanoseconds = ktime_get_ns() - t;
	return 0;
}

/* Keys are numbers, and what makes them as long as asked for. */
static bool exer_batch_acquire_one(struct exer_batch *batch, struct exer_request *rq, u64 number)
{
	struct fscache_volume *volume = batch->volumes[number % batch->n_volumes];
	u32 key_len = clamp(rq->key_len, 8U, 255U), aux_len = min(rq->aux_len, 255U);
	u8 key[EXER_KEY_MAX], aux[EXER_KEY_MAX];

	memset(key, 0x6b, key_len);
	memcpy(key, &number, sizeof(number));
	exer_fill_aux(aux, aux_len, rq->epoch);
	batch->cookies[batch->n_cookies] =
		fscache_acquire_cookie(volume, rq->advice, key, key_len, aux, aux_len, rq->size);
	if (!batch->cookies[batch->n_cookies])
		return false;
	batch->n_cookies++;
	return true;
}

static bool exer_batch_step(struct exer_batch *batch, struct exer_request *rq, u32 i)
{
	u8 aux[EXER_KEY_MAX];

	switch (rq->op) {
	case EXER_BATCH_ACQUIRE:
		return exer_batch_acquire_one(batch, rq, rq->start + i);
	case EXER_BATCH_USE:
		fscache_use_cookie(batch->cookies[batch->n_used++], rq->flags & EXER_MODIFY);
		return true;
	case EXER_BATCH_INVALIDATE:
		exer_fill_aux(aux, min(rq->aux_len, 255U), rq->epoch);
		fscache_invalidate(batch->cookies[i], aux, rq->size, 0);
		return true;
	case EXER_BATCH_UNUSE:
		fscache_unuse_cookie(batch->cookies[--batch->n_used], NULL, NULL);
		return true;
	case EXER_BATCH_RELINQUISH:
		exer_batch_relinquish(batch, batch->n_cookies - 1, rq->flags & EXER_RETIRE);
		return true;
	default:
		return false;
	}
}

/*
 * What was let go of is gone too, where and when its cost belongs: files are
 * released by a worker later, and inodes are freed by RCU, which waits longer
 * than it works, so that is not counted anywhere.
 */
static void exer_batch_settle(struct exer_request *rq, u64 began)
{
	flush_delayed_fput();
	rq->nanoseconds = ktime_get_ns() - began;
	rcu_barrier();
}

static bool exer_batch_pause(struct exer_request *rq, unsigned long end, unsigned int usecs)
{
	if (time_after(jiffies, end) || fatal_signal_pending(current)) {
		rq->result = -ETIMEDOUT;
		return false;
	}
	usleep_range(usecs, 2 * usecs);
	return true;
}

static void exer_batch_wait(struct exer_batch *batch, struct exer_request *rq)
{
	unsigned long end = jiffies + msecs_to_jiffies(min(rq->milliseconds, 600000U));
	u64 t = ktime_get_ns();
	u32 i = 0;

	/* The last is done last, mostly; and looking again and again would cost as well. */
	if (batch->n_used) {
		struct fscache_cookie *last = batch->cookies[batch->n_used - 1];

		wait_var_event_timeout(&last->state,
				       rq->states & BIT(fscache_cookie_state(last)), 10 * HZ);
	}
	while (i < batch->n_used) {
		if (rq->states & BIT(fscache_cookie_state(batch->cookies[i])))
			i++;
		else if (!exer_batch_pause(rq, end, 100))
			break;
	}
	rq->length = i;
	exer_batch_settle(rq, t);
}

/* Each cookie has a reference to its volume, until it is freed. */
static void exer_batch_drain(struct exer_batch *batch, struct exer_request *rq)
{
	unsigned long end = jiffies + msecs_to_jiffies(min(rq->milliseconds, 600000U));
	u64 t = ktime_get_ns();

	while (refcount_read(&batch->volumes[0]->ref) > batch->drained_ref)
		if (!exer_batch_pause(rq, end, 500))
			break;
	exer_batch_settle(rq, t);
}

int exer_batch(struct exer_session *session, struct exer_request *rq)
{
	struct exer_batch *batch;
	u32 i, limit, slice, ends;
	int ret = 0;
	u64 t;

	mutex_lock(&session->batch_lock);
	batch = exer_batch_get(session);
	if (!batch) {
		ret = -ENOMEM;
		goto out;
	}
	memset(rq->slices, 0, sizeof(rq->slices));
	rq->nanoseconds = 0;
	switch (rq->op) {
	case EXER_BATCH_VOLUMES:
		ret = exer_batch_volumes(batch, rq);
		goto out;
	case EXER_BATCH_WAIT:
		exer_batch_wait(batch, rq);
		goto out;
	case EXER_BATCH_DRAIN:
		if (batch->n_volumes == 1 && batch->volumes[0])
			exer_batch_drain(batch, rq);
		else
			ret = -EINVAL;
		goto out;
	case EXER_BATCH_FREE:
		exer_batch_free(session);
		goto out;
	case EXER_BATCH_ACQUIRE:
		limit = batch->n_volumes ? EXER_BATCH_MAX - batch->n_cookies : 0;
		break;
	case EXER_BATCH_USE:
		limit = batch->n_cookies - batch->n_used;
		break;
	case EXER_BATCH_INVALIDATE:
	case EXER_BATCH_UNUSE:
		limit = batch->n_used;
		break;
	default:
		limit = batch->n_cookies;
		if (batch->n_volumes && batch->volumes[0])
			batch->drained_ref = refcount_read(&batch->volumes[0]->ref) - limit;
		break;
	}
	if (rq->length < limit)
		limit = rq->length;
	for (slice = 0, i = 0; slice < EXER_SLICES && !rq->result; slice++) {
		ends = (u64)limit * (slice + 1) / EXER_SLICES;
		t = ktime_get_ns();
		for (; i < ends; i++) {
			if (!exer_batch_step(batch, rq, i)) {
				rq->result = -ENOBUFS;
				break;
			}
			if (i % 1024 == 1023)
				cond_resched();
		}
		rq->slices[slice] = ktime_get_ns() - t;
		rq->nanoseconds += rq->slices[slice];
		if (fatal_signal_pending(current))
			rq->result = -EINTR;
	}
	rq->length = i;
out:
	mutex_unlock(&session->batch_lock);
	return ret;
}
