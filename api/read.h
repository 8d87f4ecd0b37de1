/*
 * read.h - rows -> JSON pages and items, driven by the route's row: who may see it, conditions,
 * cursors, waiting for a position.
 */
#ifndef API_READ_H
#define API_READ_H

#include "api/request.h"

handler_fn read_item;
handler_fn read_list;

#endif
