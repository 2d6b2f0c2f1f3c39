// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volumes.
 */
#include "exerciser.h"

/* The key is the request's key as a string, the coherency data its first bytes again. */
int exer_volume_acquire(struct exer_session *session, struct exer_request *rq)
{
	struct exer_volume *volume;
	u8 coherency[EXER_KEY_MAX];
	char *key;

	volume = kzalloc(sizeof(*volume), GFP_KERNEL);
	key = kmemdup_nul(rq->key, rq->key_len, GFP_KERNEL);
	if (!volume || !key) {
		kfree(volume);
		kfree(key);
		return -ENOMEM;
	}
	kref_init(&volume->object.ref);
	volume->object.type = EXER_VOLUME;
	init_rwsem(&volume->life);
	exer_fill_aux(coherency, rq->aux_len, rq->epoch);
	if (!(rq->flags & EXER_NULL_VOLUME))
		volume->volume = fscache_acquire_volume(key, rq->cache[0] ? rq->cache : NULL,
							rq->aux_len ? coherency : NULL,
							rq->aux_len);
	kfree(key);
	if (IS_ERR(volume->volume)) {
		rq->result = PTR_ERR(volume->volume);
		rq->handle = 0;
		kfree(volume);
		return 0;
	}
	if (volume->volume && (rq->flags & EXER_KEEP))
		volume->kept = fscache_try_get_volume(volume->volume,
						      fscache_volume_get_cookie);
	return exer_publish(session, &volume->object, &rq->handle);
}

int exer_volume_relinquish(struct exer_volume *volume, struct exer_request *rq)
{
	u8 coherency[EXER_KEY_MAX];
	int ret = 0;

	exer_fill_aux(coherency, sizeof(coherency), rq->epoch);
	down_write(&volume->life);
	if (rq->flags & EXER_MISUSE) {
		if (volume->relinquished && !volume->kept)
			ret = -ESTALE;
	} else if (volume->relinquished) {
		ret = -ESTALE;
	} else if (atomic_read(&volume->cookies)) {
		ret = -EBUSY;
	}
	if (!ret) {
		fscache_relinquish_volume(volume->volume,
					  rq->flags & EXER_SET_AUX ? coherency : NULL,
					  rq->flags & EXER_RETIRE);
		volume->relinquished = true;
	}
	up_write(&volume->life);
	rq->result = ret;
	return 0;
}

void exer_volume_free(struct exer_volume *volume)
{
	if (!volume->relinquished)
		fscache_relinquish_volume(volume->volume, NULL, false);
	if (volume->kept)
		fscache_put_volume(volume->volume, fscache_volume_put_cookie);
	kfree(volume);
}
