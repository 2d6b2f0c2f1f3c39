// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device, and the handles of those who have it open.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "exerciser.h"

atomic_t exer_double_completions = ATOMIC_INIT(0);

static void exer_free(struct kref *ref)
{
	struct exer_object *object = container_of(ref, struct exer_object, ref);

	switch (object->type) {
	case EXER_VOLUME:
		exer_volume_free(container_of(object, struct exer_volume, object));
		break;
	case EXER_COOKIE:
		exer_cookie_free(container_of(object, struct exer_cookie, object));
		break;
	case EXER_OPERATION:
		exer_operation_free(container_of(object, struct exer_operation, object));
		break;
	}
}

void exer_put(struct exer_object *object)
{
	kref_put(&object->ref, exer_free);
}

struct exer_object *exer_get(struct exer_session *session, u32 handle, enum exer_type type)
{
	struct exer_object *object;

	xa_lock(&session->objects);
	object = xa_load(&session->objects, handle);
	if (object && object->type == type)
		kref_get(&object->ref);
	else
		object = NULL;
	xa_unlock(&session->objects);
	return object;
}

/* Takes over the caller's reference, also when it fails. */
int exer_publish(struct exer_session *session, struct exer_object *object, u32 *handle)
{
	int ret;

	ret = xa_alloc(&session->objects, handle, object, XA_LIMIT(1, 1 << 20), GFP_KERNEL);
	if (ret < 0)
		exer_put(object);
	return ret;
}

static int exer_drop(struct exer_session *session, u32 handle)
{
	struct exer_object *object = xa_erase(&session->objects, handle);

	if (!object)
		return -EBADF;
	exer_put(object);
	return 0;
}

static int exer_dispatch(struct exer_session *session, struct exer_request *rq)
{
	struct exer_object *object;
	int ret = -EBADF;

	switch (rq->op) {
	case EXER_VOLUME_ACQUIRE:
		return exer_volume_acquire(session, rq);
	case EXER_COOKIE_ACQUIRE:
		return exer_cookie_acquire(session, rq);
	case EXER_DROP:
		return exer_drop(session, rq->handle);
	case EXER_BATCH_VOLUMES ... EXER_BATCH_FREE:
		return exer_batch(session, rq);
	default:
		break;
	}

	object = exer_get(session, rq->handle, EXER_OPERATION);
	if (object) {
		ret = exer_operation_op(container_of(object, struct exer_operation, object), rq);
		exer_put(object);
		return ret;
	}
	object = exer_get(session, rq->handle, EXER_VOLUME);
	if (object) {
		if (rq->op == EXER_VOLUME_RELINQUISH)
			ret = exer_volume_relinquish(container_of(object, struct exer_volume,
								  object), rq);
		exer_put(object);
		return ret;
	}
	object = exer_get(session, rq->handle, EXER_COOKIE);
	if (object) {
		struct exer_cookie *cookie = container_of(object, struct exer_cookie, object);

		switch (rq->op) {
		case EXER_BEGIN:
			ret = exer_begin(session, cookie, rq);
			break;
		case EXER_READ:
		case EXER_WRITE:
		case EXER_OCCUPANCY:
		case EXER_TIME_READ:
		case EXER_TIME_WRITE:
			ret = exer_cookie_io(cookie, rq);
			break;
		case EXER_WRITE_TO_CACHE:
			ret = exer_write_to_cache(cookie, rq);
			break;
		case EXER_LOOP:
			ret = exer_loop(cookie, rq);
			break;
		default:
			ret = exer_cookie_op(cookie, rq);
			break;
		}
		exer_put(object);
	}
	return ret;
}

static long exer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct exer_session *session = file->private_data;
	struct exer_request *rq;
	long ret;

	if (cmd != EXER_IOCTL)
		return -ENOTTY;
	rq = memdup_user((void __user *)arg, sizeof(*rq));
	if (IS_ERR(rq))
		return PTR_ERR(rq);
	ret = -EINVAL;
	if (rq->key_len <= EXER_KEY_MAX && rq->aux_len <= EXER_KEY_MAX &&
	    strnlen(rq->cache, sizeof(rq->cache)) < sizeof(rq->cache) &&
	    (s64)rq->start >= 0 && (s64)rq->size >= 0) {
		rq->result = 0;
		rq->transferred = 0;
		ret = exer_dispatch(session, rq);
	}
	if (ret == 0 && copy_to_user((void __user *)arg, rq, sizeof(*rq)))
		ret = -EFAULT;
	kfree(rq);
	return ret;
}

static int exer_open(struct inode *inode, struct file *file)
{
	struct exer_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	xa_init_flags(&session->objects, XA_FLAGS_ALLOC1);
	mutex_init(&session->batch_lock);
	file->private_data = session;
	return 0;
}

/* Operations hold their cookies, and cookies their volumes: any order will do. */
static int exer_release(struct inode *inode, struct file *file)
{
	struct exer_session *session = file->private_data;
	struct exer_object *object;
	unsigned long handle;

	exer_batch_free(session);
	xa_for_each(&session->objects, handle, object) {
		xa_erase(&session->objects, handle);
		exer_put(object);
	}
	xa_destroy(&session->objects);
	kfree(session);
	return 0;
}

static const struct file_operations exer_fops = {
	.owner		= THIS_MODULE,
	.open		= exer_open,
	.release	= exer_release,
	.unlocked_ioctl	= exer_ioctl,
};

static struct miscdevice exer_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "fscache-exerciser",
	.fops	= &exer_fops,
	.mode	= 0600,
};

static int __init exer_init(void)
{
	int ret = exer_mapping_init();

	if (ret < 0)
		return ret;
	ret = misc_register(&exer_device);
	if (ret < 0)
		exer_mapping_exit();
	return ret;
}

static void __exit exer_exit(void)
{
	misc_deregister(&exer_device);
	exer_mapping_exit();
}

module_init(exer_init);
module_exit(exer_exit);
MODULE_DESCRIPTION("Plays a network filesystem against fscache");
MODULE_LICENSE("GPL");
