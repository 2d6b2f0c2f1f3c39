/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the threads of the random phase share; random.c has it, and says what
 * they are.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "drive.h"
#include <pthread.h>

struct thread {
	pthread_t thread;
	char name[32];
	int number;
	struct rng rng;
};

extern atomic_bool stop;
extern enum load load;
extern int device;
extern uint32_t volumes[2];
extern atomic_long n_calls, n_hits, n_writes, n_invalidations;

/* owners.c */
void *owner(void *argument);

#endif
