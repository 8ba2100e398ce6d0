/* notify.h - tells the service manager how the service is (sd_notify(3)), over the socket that NOTIFY_SOCKET names; without it nothing happens.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CLI_NOTIFY_H
#define PENSTOCK_CLI_NOTIFY_H

#include <stdint.h>

struct notify {
	const char *path;    /* of the socket; "@" in front: an abstract one; NULL: nobody wants to know */
	int64_t watchdog_ms; /* how often notify_alive is to be called; 0: never */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which children do not inherit then. Call it before there are threads. */
void notify_init(struct notify *notify);

/* Each sends one datagram; a manager that cannot be reached changes nothing. */
void notify_ready(const struct notify *notify, const char *status);
void notify_reloading(const struct notify *notify);
void notify_stopping(const struct notify *notify);
void notify_alive(const struct notify *notify);

#endif
