/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the scenarios share; scenarios.c has it, and the list of all of them.
 */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include "drive.h"

extern int fd;		/* the device, opened for each scenario */

void expect(bool right, const char *what);
struct exer_cookie_info query(uint32_t handle);
/* a cookie in use, active, with the first page written */
uint32_t warm_cookie(uint32_t volume, const char *key, uint32_t epoch);
void cool(uint32_t c);
void close_volume(uint32_t volume);

/* contents.c */
void without_volume(void);
void advice(void);
void occupancy(void);
void early_write(void);
void early_write_in_the_making(void);
void changed_underneath(void);
void copied_while_cut(void);
void volume_invalidated(void);
void volume_coherency(void);

#endif
