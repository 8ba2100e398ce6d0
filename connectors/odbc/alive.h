/* alive.h - has the kernel notice that a server is gone without a word, for drivers that keep their sockets to themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_ALIVE_H
#define PENSTOCK_ODBC_ALIVE_H

/* Each TCP connection of this process to that port, on whatever machine, ends with an error some ten seconds after its other side last gave a
 * sign of life: a driver's call that waits for an answer then fails, instead of waiting as long as the system's own patience (two hours). To be
 * called after connecting; once more for a connection does no harm. Best effort: where the system does not say which sockets there are, nothing. */
void alive_watch(unsigned port);

#endif
