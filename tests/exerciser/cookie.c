// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cookies: all that a filesystem does with one but reading and writing.
 *
 * Of what is done wrongly on purpose (EXER_MISUSE) nothing may hurt but inside
 * fscache: a cookie that was relinquished is only touched when we have a
 * reference of our own (EXER_KEEP).
 */
#include <linux/delay.h>
#include "exerciser.h"

/* The epoch is the whole of the coherency data; the rest only makes it long. */
void exer_fill_aux(u8 *aux, u32 len, u32 epoch)
{
	u32 i;

	for (i = 0; i < len; i++)
		aux[i] = i < 4 ? epoch >> (8 * i) : 0x40 + i % 64;
}

/* Which content is right now: counts the invalidations, over the lives of a key. */
u32 exer_epoch(struct exer_cookie *cookie)
{
	if (!cookie->cookie)
		return cookie->base_epoch;
	return cookie->base_epoch + READ_ONCE(cookie->cookie->inval_counter) - cookie->base_counter;
}

int exer_cookie_acquire(struct exer_session *session, struct exer_request *rq)
{
	struct exer_object *object = exer_get(session, rq->volume, EXER_VOLUME);
	struct exer_volume *volume;
	struct exer_cookie *cookie;
	u8 aux[EXER_KEY_MAX];
	int ret = 0;

	if (!object)
		return -EBADF;
	volume = container_of(object, struct exer_volume, object);
	cookie = kzalloc(sizeof(*cookie), GFP_KERNEL);
	if (!cookie) {
		exer_put(object);
		return -ENOMEM;
	}
	kref_init(&cookie->object.ref);
	cookie->object.type = EXER_COOKIE;
	init_rwsem(&cookie->life);
	mutex_init(&cookie->coherency_lock);
	mutex_init(&cookie->inode_mutex);
	spin_lock_init(&cookie->inode_lock);
	cookie->volume = volume;
	cookie->base_epoch = rq->epoch;
	cookie->aux_len = rq->aux_len;
	exer_fill_aux(aux, rq->aux_len, rq->epoch);

	down_read(&volume->life);
	if (volume->relinquished && !((rq->flags & EXER_MISUSE) && volume->kept))
		ret = -ESTALE;
	else
		cookie->cookie = fscache_acquire_cookie(volume->volume, rq->advice,
							rq->flags & EXER_NULL_KEY ? NULL : rq->key,
							rq->key_len,
							rq->flags & EXER_NULL_AUX ? NULL : aux,
							rq->aux_len, rq->size);
	if (!ret)
		atomic_inc(&volume->cookies);
	up_read(&volume->life);
	if (ret) {
		kfree(cookie);
		exer_put(object);
		rq->result = ret;
		rq->handle = 0;
		return 0;
	}
	if (cookie->cookie) {
		cookie->base_counter = READ_ONCE(cookie->cookie->inval_counter);
		if (rq->flags & EXER_KEEP) {
			fscache_get_cookie(cookie->cookie, fscache_cookie_get_attach_object);
			cookie->kept = true;
		}
	}
	exer_cookie_info(cookie, &rq->info);
	return exer_publish(session, &cookie->object, &rq->handle);
}

/* The caller keeps the cookie from being relinquished, or there is a reference of ours. */
void exer_cookie_info(struct exer_cookie *cookie, struct exer_cookie_info *info)
{
	struct fscache_cookie *c = cookie->cookie;

	memset(info, 0, sizeof(*info));
	info->double_completions = atomic_read(&exer_double_completions);
	info->epoch = exer_epoch(cookie);
	if (!c)
		return;
	info->valid = 1;
	info->state = fscache_cookie_state(c);
	info->flags = READ_ONCE(c->flags);
	info->ref = refcount_read(&c->ref);
	info->n_active = atomic_read(&c->n_active);
	info->n_accesses = atomic_read(&c->n_accesses);
	info->inval_counter = READ_ONCE(c->inval_counter);
	info->debug_id = c->debug_id;
	info->volume_n_cookies = atomic_read(&c->volume->n_cookies);
	info->object_size = READ_ONCE(c->object_size);
	info->advice = c->advice;
}

static void exer_wait_state(struct exer_cookie *cookie, struct exer_request *rq)
{
	unsigned long end = jiffies + msecs_to_jiffies(min(rq->milliseconds, 120000U));
	bool last = false;

	rq->result = -ETIMEDOUT;
	if (!cookie->cookie) {
		rq->result = -ENOBUFS;
		return;
	}
	for (;;) {
		if (rq->states & BIT(fscache_cookie_state(cookie->cookie))) {
			rq->result = 0;
			break;
		}
		if (last)
			break;
		last = time_after(jiffies, end) || signal_pending(current);
		usleep_range(200, 1000);
	}
}

static void exer_unuse(struct exer_cookie *cookie, struct exer_request *rq)
{
	loff_t size = rq->size;
	u8 aux[EXER_KEY_MAX];

	if (!(rq->flags & EXER_MISUSE) && atomic_dec_if_positive(&cookie->uses) < 0) {
		rq->result = -EINVAL;
		return;
	}
	if (!(rq->flags & EXER_SET_AUX)) {
		fscache_unuse_cookie(cookie->cookie, NULL, NULL);
		return;
	}
	mutex_lock(&cookie->coherency_lock);
	exer_fill_aux(aux, sizeof(aux), exer_epoch(cookie));
	fscache_unuse_cookie(cookie->cookie, aux, &size);
	mutex_unlock(&cookie->coherency_lock);
}

static void exer_update(struct exer_cookie *cookie, struct exer_request *rq)
{
	loff_t size = rq->size;
	u8 aux[EXER_KEY_MAX];

	mutex_lock(&cookie->coherency_lock);
	exer_fill_aux(aux, sizeof(aux), exer_epoch(cookie));
	fscache_update_cookie(cookie->cookie, aux, &size);
	mutex_unlock(&cookie->coherency_lock);
}

static void exer_invalidate(struct exer_cookie *cookie, struct exer_request *rq)
{
	u8 aux[EXER_KEY_MAX];

	mutex_lock(&cookie->coherency_lock);
	exer_fill_aux(aux, sizeof(aux), exer_epoch(cookie) + 1);
	spin_lock(&cookie->inode_lock);
	fscache_invalidate(cookie->cookie, aux, rq->size,
			   rq->flags & EXER_DIO ? FSCACHE_INVAL_DIO_WRITE : 0);
	spin_unlock(&cookie->inode_lock);
	mutex_unlock(&cookie->coherency_lock);
}

static int exer_relinquish(struct exer_cookie *cookie, struct exer_request *rq)
{
	int ret = 0;

	down_write(&cookie->life);
	if (rq->flags & EXER_MISUSE) {
		if (cookie->relinquished && !cookie->kept)
			ret = -ESTALE;
	} else if (cookie->relinquished) {
		ret = -ESTALE;
	} else if (atomic_read(&cookie->uses) || atomic_read(&cookie->operations)) {
		ret = -EBUSY;
	}
	if (!ret) {
		rq->info.epoch = exer_epoch(cookie);
		fscache_relinquish_cookie(cookie->cookie, rq->flags & EXER_RETIRE);
		if (!cookie->relinquished)
			atomic_dec(&cookie->volume->cookies);
		cookie->relinquished = true;
	}
	up_write(&cookie->life);
	rq->result = ret;
	return 0;
}

int exer_cookie_op(struct exer_cookie *cookie, struct exer_request *rq)
{
	int ret = 0;

	if (rq->op == EXER_COOKIE_RELINQUISH)
		return exer_relinquish(cookie, rq);

	down_read(&cookie->life);
	if (cookie->relinquished &&
	    !(cookie->kept && (rq->flags & EXER_MISUSE || rq->op == EXER_QUERY ||
			       rq->op == EXER_WAIT_STATE))) {
		up_read(&cookie->life);
		rq->result = -ESTALE;
		return 0;
	}
	switch (rq->op) {
	case EXER_USE:
		if (!(rq->flags & EXER_MISUSE))
			atomic_inc(&cookie->uses);
		fscache_use_cookie(cookie->cookie, rq->flags & EXER_MODIFY);
		break;
	case EXER_UNUSE:
		exer_unuse(cookie, rq);
		break;
	case EXER_INVALIDATE:
		exer_invalidate(cookie, rq);
		break;
	case EXER_RESIZE:
		fscache_resize_cookie(cookie->cookie, rq->size);
		break;
	case EXER_UPDATE:
		exer_update(cookie, rq);
		break;
	case EXER_QUERY:
		break;
	case EXER_WAIT_STATE:
		exer_wait_state(cookie, rq);
		break;
	default:
		ret = -EINVAL;
		break;
	}
	exer_cookie_info(cookie, &rq->info);
	up_read(&cookie->life);
	return ret;
}

/* The last reference: a handle that was dropped, or the device was closed. */
void exer_cookie_free(struct exer_cookie *cookie)
{
	if (!cookie->relinquished) {
		while (atomic_dec_if_positive(&cookie->uses) >= 0)
			fscache_unuse_cookie(cookie->cookie, NULL, NULL);
		fscache_relinquish_cookie(cookie->cookie, false);
		atomic_dec(&cookie->volume->cookies);
	}
	if (cookie->kept)
		fscache_put_cookie(cookie->cookie, fscache_cookie_put_object);
	iput(cookie->inode);
	exer_put(&cookie->volume->object);
	kfree(cookie);
}
