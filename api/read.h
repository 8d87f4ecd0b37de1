/*
 * read.h - rows -> JSON pages and items, driven by the route's row: who may see it, conditions,
 * cursors, waiting for a position.
 */
#ifndef API_READ_H
#define API_READ_H

#include "api/request.h"

#define LIST_QUEUE_MAX 1024 /* lists that wait for one of list_threads; beyond it 503 */

handler_fn read_item;
handler_fn read_list;

#endif
