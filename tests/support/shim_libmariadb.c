/* shim_libmariadb.c - LD_PRELOAD: every connection of libmariadb has another number than its session, so that what would be sent over it goes through ODBC.
 * SPDX-License-Identifier: Apache-2.0
 */
unsigned long mysql_thread_id(void *connection);

unsigned long mysql_thread_id(void *connection)
{
	(void)connection;
	return 0;
}
