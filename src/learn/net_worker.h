/*
 * net_worker.h - the memory of a thread of a net.
 */
#ifndef LEARN_NET_WORKER_H
#define LEARN_NET_WORKER_H

#include <stdbool.h>

#include "learn/net_parts.h"

/* Errors: -1; the worker can be released. */
int net_worker_init(
    struct net_worker *worker, struct net *net, bool has_gradients);
void net_worker_release(struct net_worker *worker);

#endif /* LEARN_NET_WORKER_H */
